import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { ApiClient } from './api-client.js';
import { findingsText } from './findings.js';
import { followedWaves, followerOf } from './followers.js';
import { checkLedger } from './ledger-check.js';
import { fleetNodesSchema, ledgerSchema, reportSchema } from './ledger-shapes.js';
import { reported } from './reported.js';
import { Topology } from './topology.js';

/*
 * npm run worker-kill [-- --kills 20]: two workers, four waves that install one node after the other, and `kill -9` of the
 * worker that follows most of them, at a random moment of an install; again with the next nodes and a new worker in the
 * place of the killed one. It prints how long each of its waves was left alone until the other worker followed it, and
 * holds the ledger against the rules at the end. With --signal SIGTERM the worker hands its waves over.
 */
const REGIONS = ['eu-west-1', 'us-east-1', 'ap-south-1', 'eu-central-1'];
const WAVES = REGIONS.length;
/** p99 of the budget, in milliseconds. */
const BUDGET = 45_000;
/** So slow that no install ends by itself. */
const SLOW = 0.02;
/** So slow that an install goes on for a minute, while the steps that are short elsewhere get on. */
const ALMOST_STILL = 2;
const FAST = 600;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '20' }, signal: { type: 'string', default: 'SIGKILL' } },
  });
  const kills = Number(values.kills);
  const signal = (['SIGKILL', 'SIGTERM'] as const).find((each) => each === values.signal);
  if (!Number.isInteger(kills) || kills < 1 || !signal)
    throw new Error('npm run worker-kill -- --kills <a number> --signal <SIGKILL or SIGTERM>');
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-worker-kill-'));
  const fleet = join(folder, 'fleet-description.json');
  writeFileSync(fleet, JSON.stringify(fleetOf(kills)));
  const topology = await Topology.start({ folder, databaseUrl: null, fleet, speed: FAST, workers: 2, apis: 1 });
  const connection = await Connection.connect({ address: `127.0.0.1:${topology.endpoints.temporal}` });
  try {
    const workers = new Workers(topology, new Client({ connection }));
    const id = await cycleStarted(topology);
    console.log(`Two workers, ${WAVES} waves that install, ${kills} times ${signal}.`);
    const waits: number[] = [];
    const seen = new Set<string>();
    for (let kill = 1; kill <= kills; kill++) {
      await installing(topology, seen);
      waits.push(...(await workers.killOne(kill, signal)));
    }
    await setSpeed(topology, FAST);
    print(waits);
    await judge(topology, id);
  } finally {
    await connection.close();
    await topology.stop();
  }
  if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
  else console.log(`What it wrote, logs included, is in ${folder}.`);
}

/** Who follows which wave: a wave's one watch runs on one worker, whose process id Temporal knows. */
class Workers {
  readonly #topology: Topology;
  readonly #client: Client;

  constructor(topology: Topology, client: Client) {
    this.#topology = topology;
    this.#client = client;
  }

  /** Kills the one that follows most waves, and waits until the other follows them; how long each of them was left alone. */
  async killOne(kill: number, signal: NodeJS.Signals): Promise<number[]> {
    await this.#followed();
    // Heartbeats come in a rhythm: a kill at any moment of it.
    await delay(Math.random() * 20_000);
    const waves = await this.#followed();
    const held = (name: string) =>
      [...waves].flatMap(([wave, pid]) => (pid === this.#topology.pid(name) ? [wave] : []));
    const [victim, other] = ['worker-1', 'worker-2'].sort((a, b) => held(b).length - held(a).length) as [
      string,
      string,
    ];
    const left = held(victim);
    const pid = this.#topology.pid(victim);
    const killedAt = Date.now();
    const ended = this.#topology.end(victim, signal);
    const successor = this.#topology.pid(other);
    const waits = new Map<string, number>();
    while (waits.size < left.length) {
      for (const wave of left)
        if (!waits.has(wave) && (await followerOf(this.#client, wave)) === successor)
          waits.set(wave, Date.now() - killedAt);
      await delay(50);
    }
    const seconds = [...waits.values()].map((wait) => (wait / 1_000).toFixed(1)).join(', ');
    console.log(
      `${String(kill).padStart(3)}  process ${pid} got ${signal}, ${left.length} waves: followed again after ${seconds} s`,
    );
    await ended;
    await this.#topology.startOne(victim);
    return [...waits.values()];
  }

  /** All waves, each with its worker's process id, as soon as those that install are followed. */
  async #followed(): Promise<Map<string, number>> {
    for (;;) {
      const waves = await followedWaves(this.#client);
      if (waves.size >= WAVES - 1) return waves;
      await delay(200);
    }
  }
}

async function cycleStarted(topology: Topology): Promise<string> {
  const admin = new ApiClient(topology.apiUrls[0] ?? '', topology.keys.admin);
  const operator = new ApiClient(topology.apiUrls[0] ?? '', topology.keys.operator);
  await admin.put('/v1/accounts/shop', ACCOUNT_DOCUMENT);
  await admin.put('/v1/windows/default', WINDOW_DOCUMENT);
  await admin.put('/v1/plans/storefront', PLAN_DOCUMENT);
  const asked = { plan: 'storefront', reason: 'To be killed and to go on' };
  return (await operator.post('/v1/cycles', z.object({ id: z.string() }), asked, 'worker-kill')).id;
}

/** Until most waves install a node that did not before, and all are held there. */
async function installing(topology: Topology, seen: Set<string>): Promise<void> {
  // What was held until now ends first, and keeps no other waiting.
  for (const key of (await installsOf(topology)).accepted) seen.add(key);
  for (;;) {
    const { begun, ended } = await installsOf(topology);
    const underWay = [...begun].filter((key) => !ended.has(key) && !seen.has(key));
    if (underWay.length >= WAVES - 1) {
      await setSpeed(topology, SLOW);
      return;
    }
    // The first of them wait for the others.
    await setSpeed(topology, underWay.length > 0 ? ALMOST_STILL : FAST);
    await delay(50);
  }
}

async function installsOf(topology: Topology): Promise<Record<'accepted' | 'begun' | 'ended', Set<string>>> {
  const ledger = (await ledgerOf(topology)).filter(({ key }) => key?.endsWith('.install'));
  const of = (kind: string) =>
    new Set(ledger.flatMap((entry) => (entry.kind === kind && entry.key ? [entry.key] : [])));
  return { accepted: of('command-accepted'), begun: of('command-started'), ended: of('command-ended') };
}

async function judge(topology: Topology, id: string): Promise<void> {
  const viewer = new ApiClient(topology.apiUrls[0] ?? '', topology.keys.viewer);
  const status = z.object({ status: z.string(), nodes: z.looseObject({ total: z.number(), patched: z.number() }) });
  let cycle = await viewer.get(`/v1/cycles/${id}`, status);
  for (; cycle.status === 'running'; await delay(300)) cycle = await viewer.get(`/v1/cycles/${id}`, status);
  const ledger = await ledgerOf(topology);
  const nodes = fleetNodesSchema.parse(await (await fetch(`${topology.fleetUrl}/_fleet/nodes`)).json());
  const report = await viewer.get(`/v1/cycles/${id}/report`, reportSchema);
  const findings = checkLedger(ledger, nodes, report).filter(({ checked }) => checked > 0);
  const count = (kind: string) => ledger.filter((entry) => entry.kind === kind).length;
  console.log(`\nCycle ${id}: ${cycle.status}, ${cycle.nodes.patched} of ${cycle.nodes.total} nodes patched.`);
  console.log(`The ledger: ${COUNTED.map((kind) => `${count(kind)} ${kind}`).join(', ')}\n${findingsText(findings)}`);
  const broken = findings.flatMap(({ violations }) => violations);
  console.log(
    `\nDone twice: ${findings.filter(({ rule }) => rule.includes('twice')).flatMap(({ violations }) => violations).length}`,
  );
  if (broken.length > 0 || cycle.status !== 'completed') process.exitCode = 1;
}

function print(waits: readonly number[]): void {
  const sorted = [...waits].sort((a, b) => a - b);
  const at = (share: number) =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1_000).toFixed(1);
  const worst = sorted.at(-1) ?? 0;
  console.log(
    `\n${sorted.length} waves left alone: median ${at(0.5)} s, p90 ${at(0.9)} s, worst ${at(1)} s; the budget is p99 <= ${BUDGET / 1_000} s.`,
  );
  if (worst > BUDGET) process.exitCode = 1;
}

async function setSpeed(topology: Topology, speed: number): Promise<void> {
  await fetch(`${topology.fleetUrl}/_fleet/clock`, { method: 'POST', body: JSON.stringify({ speed }) });
}

const ledgerOf = async (topology: Topology) =>
  ledgerSchema.parse(await (await fetch(`${topology.fleetUrl}/_fleet/ledger`)).json());

const COUNTED = ['command-accepted', 'snapshot-created', 'patches-installed', 'reboot'];
const ACCOUNT = {
  id: '111122223333',
  roleArn: 'arn:aws:iam::111122223333:role/Patchtide',
  externalId: 'shop-external',
};
const zoneOf = (region: string) => `${region.replaceAll('-', '')}-az1`;
const fleetOf = (kills: number) => ({
  accounts: [
    {
      name: 'shop',
      ...ACCOUNT,
      regions: Object.fromEntries(REGIONS.map((region) => [region, { zones: { [`${region}a`]: zoneOf(region) } }])),
    },
  ],
  // Waves come to their next install in seconds, whatever the speed, and stay in it for minutes.
  durations: {
    delivery: [1, 1],
    script: [1, 2],
    snapshot: [2, 4],
    scan: [2, 4],
    installBase: [300, 400],
    report: [1, 2],
    reboot: [4, 8],
  },
  buckets: REGIONS.map((region) => ({ name: `patchtide-${region}`, region })),
  groups: REGIONS.map((region) => ({
    name: `storefront-${region}`,
    os: 'amazon-linux-2023',
    // Waves do not keep step: some are ahead of others.
    count: kills + 4,
    regions: [region],
    tags: { Application: 'storefront', 'Patch Group': 'storefront-prod' },
  })),
});
const named = (kind: string, name: string, spec: object) => ({
  apiVersion: 'patchtide/v1',
  kind,
  metadata: { name },
  spec,
});
const ACCOUNT_DOCUMENT = named('Account', 'shop', { ...ACCOUNT, regions: REGIONS });
const WINDOW_DOCUMENT = named('MaintenanceWindow', 'default', { schedule: { always: true } });
const task = (command: string) => [
  { document: 'AWS-RunShellScript', os: 'linux', parameters: { commands: [`systemctl ${command} storefront`] } },
];
const PLAN_DOCUMENT = {
  apiVersion: 'patchtide/v1',
  kind: 'PatchPlan',
  metadata: { name: 'storefront', owner: 'storefront-team' },
  spec: {
    stages: [
      {
        name: 'prod',
        approval: 'none',
        snapshot: 'await',
        waves: { by: 'zone', maxUnavailable: 1, pauseAfterFailures: '100%' },
        tasks: { beforeNode: task('stop'), afterNode: task('start') },
      },
    ],
  },
};

await reported(main);
