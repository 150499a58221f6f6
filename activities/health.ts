import { setTimeout as pause } from 'node:timers/promises';
import { isFailure } from '../domain/cycle.js';
import type { HealthCheck } from '../domain/documents/types.js';
import { isWindows } from '../domain/fleet.js';
import type { Digest, Instant, Location, NodeId } from '../domain/ids.js';
import { stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Wave } from '../domain/manifest.js';
import { targetGroupLocation } from '../domain/target-group.js';
import { Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import { type ProbeRules, probe } from './http-probe.js';
import { type Fleet, FleetError, type NodeResult, type Operation, type Records } from './ports.js';
import { endsOf } from './watch.js';

export interface HealthRequest {
  readonly manifest: Digest;
  /** The workflow that asks. */
  readonly run: string;
  readonly wave: number;
  /** From 1 in each wave: a command that is sent for another look has another key. */
  readonly look: number;
  /** What is not well by then is not well. */
  readonly until: Instant;
}

/** What is not well, by check, in words for people; empty where all is. */
export interface Health {
  readonly unwell: readonly string[];
}

export type HealthActivities = ReturnType<typeof createHealthActivities>;

/** Between looks at what is not well, and while a command is under way. In milliseconds. */
const LOOK_EVERY = 15_000;
const FOLLOW_EVERY = 3_000;
/** Somebody reads it in a question: the first of what is not well are enough. */
const NAMED = 3;

interface Place {
  readonly manifest: Manifest;
  readonly wave: Wave;
  readonly at: Location;
}
interface Looks {
  /** Whether a command may be sent once more. */
  readonly again: boolean;
  /** The commands whose end was known at the look before. */
  readonly seen: Set<string>;
  /** How often a command is known to have been sent, by the key of its first time. */
  readonly rounds: Map<string, number>;
}
/** `open`: it is not known yet. */
type Found = 'well' | 'open' | { readonly unwell: string };

/** The health gate: whether what a wave has patched serves again. */
export function createHealthActivities({
  fleet,
  records,
  probes,
  draining,
  pace = 1,
}: {
  readonly fleet: Fleet;
  readonly records: Records;
  readonly probes: ProbeRules;
  /** Aborted when the worker begins to shut down: a gate has nothing to finish, so another worker goes on at once. */
  readonly draining?: AbortSignal;
  /** How many times quicker than in truth it looks. */
  readonly pace?: number;
}) {
  const effects = new Effects({ fleet, records, pace });
  const lookAt = endsOf(fleet, pace);

  /**
   * Looks at a wave's checks until all find it well, or until it is too late. A command is sent once for a batch, and again
   * to those nodes alone that were not well; what has been sent is followed to its end. Nodes that failed are known to be
   * unwell, and not asked about.
   */
  async function checkHealth(request: HealthRequest): Promise<Health> {
    return talkingToAws(async (signal) => {
      const manifest = await records.manifest(request.manifest);
      const wave = manifest.waves.find(({ number }) => number === request.wave);
      if (!wave) throw new Error(`Manifest ${request.manifest} has no wave ${request.wave}.`);
      const place = { manifest, wave, at: { account: wave.account, region: wave.region } };
      const seen = new Set<string>();
      const rounds = new Map<string, number>();
      for (;;) {
        const inTime = Date.now() < Date.parse(request.until);
        const found = await lookAtAll(request, place, { again: inTime, seen, rounds }, signal);
        const unwell = found.flatMap((each) => (typeof each === 'object' ? [each.unwell] : []));
        const open = found.includes('open');
        if (!open && (unwell.length === 0 || !inTime)) return { unwell };
        const wait = (open ? FOLLOW_EVERY : LOOK_EVERY) / pace;
        const left = Math.max(Date.parse(request.until) - Date.now(), 0);
        await pause(open ? wait : Math.min(wait, left), undefined, { signal });
      }
    }, draining);
  }

  async function lookAtAll(request: HealthRequest, place: Place, looks: Looks, signal: AbortSignal): Promise<Found[]> {
    const checks = place.manifest.policy.health?.checks ?? [];
    const found: Found[] = [];
    for (const [index, check] of checks.entries()) {
      if ('http' in check) found.push(await http(check, signal));
      else if ('targetGroup' in check) found.push(await targets(check.targetGroup, place, signal));
      else {
        for (const batch of place.wave.batches) {
          if (isWindows(batch.os) !== (check.os === 'windows')) continue;
          const step = `health-${request.look}-${index + 1}`;
          found.push(await command(check, { ...place, batch, step, run: request.run }, looks, signal));
        }
      }
    }
    return found;
  }

  async function http(check: Extract<HealthCheck, { http: string }>, signal: AbortSignal): Promise<Found> {
    const probed = await probe(check.http, check.timeout, probes, signal);
    if ('trouble' in probed) return { unwell: `${check.http}: ${probed.trouble}` };
    if (probed.status === check.expect) return 'well';
    return { unwell: `${check.http}: answered ${probed.status}, not ${check.expect}` };
  }

  /** Only where the group is; targets that are on their way out are nobody's to wait for. */
  async function targets(arn: string, { manifest, at }: Place, signal: AbortSignal): Promise<Found> {
    const place = targetGroupLocation(arn);
    if (place.account !== at.account || place.region !== at.region) return 'well';
    const name = arn.split('/')[1] ?? arn;
    const answer = await fleet.targetHealth(at, arn, signal).catch((error: unknown) => {
      if (error instanceof FleetError && error.code === 'rejected') return error.message;
      throw error;
    });
    if (typeof answer === 'string') return { unwell: `target group ${name}: ${answer}` };
    const sick = answer.filter(({ state }) => state !== 'healthy' && state !== 'draining');
    if (!answer.some(({ state }) => state === 'healthy')) {
      return {
        unwell: `target group ${name}: ${sick.length === 0 ? 'has no targets' : `no target is healthy: ${named(sick)}`}`,
      };
    }
    if (sick.length === 0) return 'well';
    const excused = await excusedNodes(manifest);
    const others = sick.filter(({ target }) => !excused.has(target));
    if (others.length === 0) return 'well';
    return {
      unwell: `target group ${name}: ${others.length} of ${answer.length} targets are not healthy: ${named(others)}`,
    };
  }

  /** Those that failed, of which everybody knows, and those that are stopped again. */
  async function excusedNodes({ cycle, stage, targets: all }: Manifest): Promise<ReadonlySet<string>> {
    const failed = (await records.stageNodes(cycle, stage)).filter(
      ({ outcome }) => outcome !== null && isFailure(outcome),
    );
    return new Set([...failed, ...all.filter(({ startFirst }) => startFirst)].map(({ node }) => node));
  }

  async function command(
    check: Extract<HealthCheck, { command: string }>,
    place: Place & { readonly batch: Batch; readonly step: string; readonly run: string },
    { again, seen, rounds }: Looks,
    signal: AbortSignal,
  ): Promise<Found> {
    const { manifest, wave, batch, at, run } = place;
    const { cycle, stage } = manifest;
    const keyOf = (round: number) => stepKey(cycle, stage, wave.number, batch.number, `${place.step}-${round}`);
    const send = async (round: number, nodes: readonly NodeId[]): Promise<Found> => {
      if (nodes.length === 0) return 'well';
      const owner = { run, cycle, stage, batch: batch.number, step: `${place.step}-${round}`, failureIsProblem: false };
      const effect = {
        kind: 'command',
        document: check.os === 'windows' ? 'AWS-RunPowerShellScript' : 'AWS-RunShellScript',
        parameters: { commands: [check.command] },
        executionTimeout: Math.max(Math.ceil(check.timeout / 1000), LEAST_EXECUTION),
      } as const;
      // Beside the node's own time, SSM takes some to deliver the command and to tell of its end.
      await effects.carryOut(
        { ...owner, key: keyOf(round), at, nodes, timeout: check.timeout + DELIVERY, effect },
        signal,
      );
      return 'open';
    };
    const { round, operation } = await latest(keyOf, rounds.get(keyOf(1)) ?? 1);
    rounds.set(keyOf(1), round);
    if (operation === null) return send(1, await wellNodes(place));
    if (operation.status === 'intended') return send(round, operation.nodes);
    const results = await resultsOf(operation, at, signal);
    if (results === null) return 'open';
    const sick = results.filter(({ status }) => status !== 'success');
    if (sick.length === 0) return 'well';
    if (again && seen.has(operation.key)) {
      return send(
        round + 1,
        sick.map(({ node }) => node),
      );
    }
    seen.add(operation.key);
    const told = sick.map(({ node, detail }) => ({ target: node, state: detail }));
    return { unwell: `\`${check.command}\`: ${sick.length} of ${operation.nodes.length} nodes: ${named(told)}` };
  }

  /** The last time that a command was sent, `known` being one of them, or 1. */
  async function latest(
    keyOf: (round: number) => string,
    known: number,
  ): Promise<{ round: number; operation: Operation | null }> {
    let found: { round: number; operation: Operation | null } = { round: known, operation: null };
    for (let round = known; ; round++) {
      const operation = await records.operation(keyOf(round));
      if (operation === null) return found;
      found = { round, operation };
    }
  }

  async function resultsOf(
    operation: Operation,
    at: Location,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    if (operation.status === 'ended') return operation.results;
    const results = (await lookAt(at, [operation], signal)).results.get(operation.key);
    if (results === undefined) return null;
    await records.ended(operation.key, 0, results);
    return results;
  }

  async function wellNodes({ manifest, wave, batch }: Place & { readonly batch: Batch }): Promise<NodeId[]> {
    const stopped = new Set(manifest.targets.filter(({ startFirst }) => startFirst).map(({ node }) => node));
    return (await records.batchNodes(manifest.cycle, manifest.stage, wave.number, batch.number))
      .filter(({ outcome }) => outcome === 'patched' || outcome === 'already-compliant')
      .flatMap(({ node }) => (stopped.has(node) ? [] : [node]));
  }

  return { checkHealth };
}

/** SSM takes no less, in seconds (AWS-RunShellScript, executionTimeout). */
const LEAST_EXECUTION = 1;
const DELIVERY = 2 * 60_000;

const named = (
  sick: readonly { readonly target: string; readonly state: string; readonly reason?: string }[],
): string =>
  [
    ...sick.slice(0, NAMED).map(({ target, state, reason }) => `${target} is ${state}${reason ? ` (${reason})` : ''}`),
    ...(sick.length > NAMED ? [`and ${sick.length - NAMED} more`] : []),
  ].join('; ');
