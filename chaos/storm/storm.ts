import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ApiClient } from '../../local/api-client.js';
import { checkLedger, type Finding } from '../../local/ledger-check.js';
import { fleetNodesSchema, ledgerSchema, reportSchema } from '../../local/ledger-shapes.js';
import { type Document, drawFleet } from './fleet.js';
import { StormGround } from './ground.js';
import { judgeStorm, stormLedger, stormReport } from './judge.js';
import { PlanDriver } from './plan-driver.js';
import { drawTimeline, type StormEvent } from './timeline.js';

export interface StormOptions {
  readonly minutes: number;
  readonly seed: string;
  readonly plans: number;
  /** Fleet seconds to a second of the wall. */
  readonly speed: number;
  /** Gets a line of JSON for whatever happens. */
  readonly log: string;
}

export interface StormResult {
  readonly kills: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly acts: Readonly<Record<string, number>>;
  /** By how they ended. */
  readonly cycles: Readonly<Record<string, number>>;
  readonly nodes: Readonly<Record<string, number>>;
  /** Milliseconds of calm until the last cycle had ended; null where one had not. */
  readonly calm: number | null;
  readonly findings: readonly Finding[];
  readonly memory: { readonly start: Record<string, number>; readonly end: Record<string, number> };
  readonly database: string;
  /** Of the fleet, the logs and all states, where something was wrong. */
  readonly folder: string | null;
}

/** The longest that cycles may take to end once nothing goes wrong any more. */
const CALM = 5 * 60_000;
const ROUTES = { Account: 'accounts', MaintenanceWindow: 'windows', PatchPlan: 'plans' } as const;

/** Several cycles at a time, and everything that the seed lets go wrong; then calm, and the judgement. */
export async function storm(
  options: StormOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<StormResult> {
  const { seed, minutes } = options;
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-storm-'));
  const fleet = drawFleet(seed, options.plans);
  const ground = await StormGround.start(folder, fleet.description, options.speed);
  try {
    const raging = new Storm(options, ground, fleet.plans, say);
    await raging.prepare(fleet.documents);
    const start = ground.memory();
    const timeline = drawTimeline(seed, minutes * 60_000, fleet.plans.length);
    say(
      `Seed ${seed}: ${minutes} min on ${ground.database}, ${fleet.plans.length} plans, ${timeline.length} events ahead. Log: ${options.log}`,
    );
    const calm = await raging.rage(timeline, signal);
    const end = ground.memory();
    const judged = await raging.judge();
    const isWell = calm !== null && judged.findings.every(({ violations }) => violations.length === 0);
    if (isWell) rmSync(folder, { recursive: true, force: true });
    return { ...judged, calm, memory: { start, end }, database: ground.database, folder: isWell ? null : folder };
  } finally {
    await ground.stop();
  }
}

class Storm {
  readonly #options: StormOptions;
  readonly #ground: StormGround;
  readonly #drivers: readonly PlanDriver[];
  readonly #say: (line: string) => void;
  readonly #counts = { kills: {}, faults: {}, acts: {} } as Record<'kills' | 'faults' | 'acts', Record<string, number>>;
  readonly #began = Date.now();
  #releases = 0;

  constructor(options: StormOptions, ground: StormGround, plans: readonly string[], say: (line: string) => void) {
    this.#options = options;
    this.#ground = ground;
    this.#say = say;
    const { apiUrls: apis, keys } = ground.topology;
    const { seed } = options;
    const release = () => this.#release();
    const note = (entry: object) => this.#note(entry);
    this.#drivers = plans.map((plan) => new PlanDriver(plan, { seed, apis, keys, release, note }));
    this.#note({ event: 'storm', ...options });
  }

  async prepare(documents: readonly Document[]): Promise<void> {
    const admin = this.#as('admin');
    for (const document of documents)
      await admin.put(`/v1/${ROUTES[document.kind]}/${document.metadata.name}`, {
        apiVersion: 'patchtide/v1',
        ...document,
      });
  }

  /** Milliseconds of calm until all cycles had ended; null where some had not. */
  async rage(timeline: readonly StormEvent[], signal: AbortSignal): Promise<number | null> {
    const drivers = new AbortController();
    const running = Promise.all(this.#drivers.map((driver) => driver.run(drivers.signal)));
    running.catch(() => undefined);
    try {
      await this.#carryOut(timeline, signal);
      for (const driver of this.#drivers) driver.calm();
      await this.#ground.allUp();
      await this.#fleet('DELETE', '/_fleet/faults');
      this.#note({ event: 'calm' });
      this.#say('Calm: everything runs, nothing goes wrong any more; cycles come to their end.');
      const calmSince = Date.now();
      const ended = await Promise.race([running.then(() => true), pause(CALM, false, { signal })]);
      return ended ? Date.now() - calmSince : null;
    } finally {
      drivers.abort();
      await running.catch(() => undefined);
    }
  }

  async judge(): Promise<Pick<StormResult, 'kills' | 'faults' | 'acts' | 'cycles' | 'nodes' | 'findings'>> {
    const viewer = this.#as('viewer');
    const ids = this.#drivers.flatMap(({ cycles }) => cycles);
    const ledger = await this.#fleet('GET', '/_fleet/ledger');
    const nodes = fleetNodesSchema.parse(await this.#fleet('GET', '/_fleet/nodes'));
    const reports = [];
    const findings: Finding[] = [];
    for (const id of ids) {
      const raw = await viewer.get(`/v1/cycles/${id}/report`, z.unknown());
      reports.push(stormReport.parse(raw));
      for (const each of checkLedger(ledgerSchema.parse(ledger), nodes, reportSchema.parse(raw)))
        findings.push({ ...each, violations: each.violations.map((violation) => `${id}: ${violation}`) });
    }
    const all = reports.flatMap((report) => report.nodes);
    return {
      ...this.#counts,
      cycles: countsOf(reports.map(({ cycle }) => cycle.status)),
      nodes: countsOf(all.map(({ outcome }) => outcome ?? 'none')),
      findings: [...merged(findings), ...judgeStorm(stormLedger.parse(ledger), reports)],
    };
  }

  async #carryOut(timeline: readonly StormEvent[], signal: AbortSignal): Promise<void> {
    const began = Date.now();
    const until = async (at: number) => {
      const left = began + at - Date.now();
      if (left > 0) await pause(left, undefined, { signal });
    };
    for (const event of timeline) {
      await until(event.at);
      await this.#happen(event).catch((error: unknown) =>
        this.#note({ event: 'failed', ...event, error: String(error) }),
      );
    }
    await until(this.#options.minutes * 60_000);
  }

  async #happen(event: StormEvent): Promise<void> {
    switch (event.what) {
      case 'kill': {
        const killed = this.#ground.kill(event.victim, event.downFor);
        if (killed) this.#count('kills', event.victim);
        this.#note({ event: 'kill', ...event, killed });
        return;
      }
      case 'fault': {
        const { id } = (await this.#fleet('POST', '/_fleet/faults', event.fault)) as { id: string };
        this.#count('faults', event.fault.fault);
        this.#note({ event: 'fault', ...event, id });
        setTimeout(
          () => void this.#fleet('DELETE', `/_fleet/faults?id=${id}`).catch(() => undefined),
          event.lasts,
        ).unref();
        return;
      }
      case 'steer': {
        // Nobody waits for a person whose API is down.
        void this.#drivers[event.plan]?.steer(event.act, event.resumeAfter).then((answer) => {
          this.#count('acts', `${event.act} ${answer}`);
        });
        return;
      }
    }
  }

  /** A patch for each operating system that nobody has yet. */
  async #release(): Promise<void> {
    this.#releases += 1;
    const number = this.#releases;
    const patches = [
      { os: 'amazon-linux-2023', id: 'curl.x86_64', version: `0:9.${number}.0-1`, reboot: number % 2 === 0 },
      {
        os: 'windows-server-2022',
        id: `KB70${String(number).padStart(5, '0')}`,
        title: `Update ${number} (KB70${String(number).padStart(5, '0')})`,
      },
    ];
    for (const patch of patches) await this.#fleet('POST', '/_fleet/patches', patch);
  }

  #as(role: 'viewer' | 'admin'): ApiClient {
    const { apiUrls, keys } = this.#ground.topology;
    return new ApiClient(apiUrls[0] ?? '', keys[role]);
  }

  async #fleet(method: string, path: string, body?: unknown): Promise<unknown> {
    const url = new URL(path, this.#ground.topology.fleetUrl);
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  #count(what: 'kills' | 'faults' | 'acts', kind: string): void {
    this.#counts[what][kind] = (this.#counts[what][kind] ?? 0) + 1;
  }

  #note(entry: object): void {
    appendFileSync(this.#options.log, `${JSON.stringify({ ms: Date.now() - this.#began, ...entry })}\n`);
  }
}

/** Findings of one rule over all cycles. */
function merged(findings: readonly Finding[]): Finding[] {
  const rules = new Map<string, Finding>();
  for (const { rule, checked, violations } of findings) {
    const before = rules.get(rule) ?? { rule, checked: 0, violations: [] };
    rules.set(rule, { rule, checked: before.checked + checked, violations: [...before.violations, ...violations] });
  }
  // Over all cycles, by the storm's own rules.
  return [...rules.values()].filter(({ rule }) => !/ twice$/.test(rule));
}

function countsOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
