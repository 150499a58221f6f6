import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { ApiClient } from '../../local/api-client.js';
import { followedWaves, followerOf } from '../../local/followers.js';
import type { Role } from '../../local/keys.js';
import { checkLedger } from '../../local/ledger-check.js';
import { fleetNodesSchema, type LedgerEntry, ledgerSchema, reportSchema } from '../../local/ledger-shapes.js';
import { findPostgres, type Postgres, startPostgres } from '../../local/postgres.js';
import { type Replacement, Topology } from '../../local/topology.js';
import { type Cycle, cycleSchema } from './support/cycle.js';
import { accountDocument, alwaysOpen, fleetOf, nodes, planDocument, REGION, stage, zoneOf } from './support/fleets.js';
import { until } from './support/until.js';

/*
 * What a cluster runs, as plain processes: PostgreSQL, Temporal, the simulated fleet, two workers, two APIs. One cycle over
 * REST; while its Prod installs, all of them are replaced one after the other, by SIGTERM and by SIGKILL in turns.
 */
const COMPILED = new URL('../../dist/local/topology.js', import.meta.url);
const SPEED = 600;
const programs = findPostgres();
const title = 'a rolling restart of everything';

const describeOnPostgres = programs === null ? describe.skip : describe;
describeOnPostgres(
  programs === null ? `${title} (PostgreSQL: its server program was not found here)` : `${title} (PostgreSQL)`,
  () => {
    let folder = '';
    let postgres: Postgres;
    let topology: Topology;
    let connection: Connection;
    let client: Client;
    let cycle = '';
    let handedOver = 0;
    const replaced: (Replacement | { name: string; signal: string; pid: number | null; successor: number | null })[] =
      [];
    const beganAt = Date.now();

    const fleetAnswers = async (path: string, body?: unknown): Promise<unknown> => {
      const options = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      return (await fetch(new URL(path, topology.fleetUrl), options)).json();
    };
    const ledger = async (): Promise<LedgerEntry[]> => ledgerSchema.parse(await fleetAnswers('/_fleet/ledger'));
    const as = (role: Role, api = 0) => new ApiClient(topology.apiUrls[api] ?? '', topology.keys[role]);
    const cycleNow = (api = 0): Promise<Cycle> => as('viewer', api).get(`/v1/cycles/${cycle}`, cycleSchema);
    const startedCommand = (step: string) =>
      until(`${step} in Prod`, async () =>
        (await ledger()).some(
          ({ kind, key }) =>
            kind === 'command-started' && key?.startsWith(`patchtide/${cycle}/prod/`) && key.endsWith(step),
        ),
      );
    const replace = async (name: string, signal: NodeJS.Signals): Promise<Replacement> => {
      const replacement = await topology.replace(name, signal);
      replaced.push(replacement);
      return replacement;
    };

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'patchtide-topology-'));
      postgres = await startPostgres(programs ?? '');
      const fleet = join(folder, 'fleet-description.json');
      const zones = [zoneOf(REGION, 1), zoneOf(REGION, 2)];
      const groups = [nodes('shop', 'test', { zones, count: 4 }), nodes('shop', 'prod', { zones, count: 12 })];
      writeFileSync(fleet, JSON.stringify(fleetOf(groups)));
      topology = await Topology.start({
        folder,
        databaseUrl: postgres.url,
        fleet,
        speed: SPEED,
        workers: 2,
        apis: 2,
        compiled: COMPILED,
      });
      connection = await Connection.connect({ address: `127.0.0.1:${topology.endpoints.temporal}` });
      client = new Client({ connection });
    }, 90_000);

    afterAll(async () => {
      await connection?.close();
      await topology?.stop();
      await postgres?.close();
      rmSync(folder, { recursive: true, force: true });
    }, 90_000);

    test('two APIs side by side are one: the same Idempotency-Key is the same cycle, on whichever it comes', async () => {
      await as('admin').put('/v1/accounts/shop', accountDocument());
      await as('admin').put('/v1/windows/default', alwaysOpen);
      const plan = planDocument('shop', { stages: [stage('test', { soak: 'PT1S' }), stage('prod')] });
      await as('admin', 1).put('/v1/plans/shop', plan);
      const asked = { plan: 'shop', reason: 'Monthly patching', reference: 'CHG-1042' };
      const start = (api: number) => as('operator', api).post('/v1/cycles', z.object({ id: z.string() }), asked, 'one');
      const started = await Promise.all([start(0), start(1), start(0), start(1)]);
      expect(new Set(started.map(({ id }) => id))).toEqual(new Set(['shop-1']));
      cycle = 'shop-1';
    });

    test('all are replaced while Prod installs, and the cycle ends as it would have', async () => {
      const { waitingFor } = await until('the approval', async () => {
        const now = await cycleNow(1);
        return now.waitingFor?.kind === 'approval' && now;
      });
      const decision = { decision: 'approve', reason: 'Soaked well', manifest: waitingFor?.manifest };
      await as('approver', 1).post(`/v1/cycles/${cycle}/stages/prod/decision`, z.unknown(), decision);
      await startedCommand('.before-1');
      await fleetAnswers('/_fleet/clock', { speed: 10 });
      await startedCommand('.install');
      await fleetAnswers('/_fleet/clock', { speed: 0.1 });

      // Asked to end, a worker hands over what it waits for: the other goes on long before a heartbeat is missed.
      const [wave, holder] = await until(
        'a worker to follow the wave',
        async () => [...(await followedWaves(client))][0],
      );
      const isHolder = (name: string) => topology.pid(name) === holder;
      const [first, second] = isHolder('worker-1') ? ['worker-1', 'worker-2'] : ['worker-2', 'worker-1'];
      const other = topology.pid(second);
      const askedAt = Date.now();
      const [asked] = await Promise.all([
        replace(first, 'SIGTERM'),
        until('the other worker to follow', async () => (await followerOf(client, wave)) === other, 50).then(() => {
          handedOver = Date.now() - askedAt;
        }),
      ]);
      expect(asked.ended).toBe('0');
      expect(handedOver).toBeLessThan(10_000);

      await replace(second, 'SIGKILL');
      const events = await fetch(new URL(`/v1/cycles/${cycle}/events`, topology.apiUrls[0]), {
        headers: { authorization: `Bearer ${topology.keys.viewer}` },
      });
      const [api, streamed] = await Promise.all([replace('api-1', 'SIGTERM'), events.text()]);
      // An end that was asked for is an end without a failure, also for who listens.
      expect(api.ended).toBe('0');
      expect(streamed).toContain('event: ');
      await replace('api-2', 'SIGKILL');
      await replace('fleet', 'SIGKILL');
      const before = postgres.pid;
      await postgres.restart();
      replaced.push({ name: 'postgresql', signal: 'SIGINT (fast)', pid: before, successor: postgres.pid });
      await replace('temporal', 'SIGTERM');
      await fleetAnswers('/_fleet/clock', { speed: SPEED });

      const ended = await until('the end of the cycle', async () => {
        const now = await cycleNow();
        return now.status !== 'running' && now;
      });
      expect(ended).toMatchObject({ status: 'completed', nodes: { total: 16, patched: 16 } });
    }, 180_000);

    test('nothing is lost, and nothing is done twice', async () => {
      const report = await as('viewer').get(`/v1/cycles/${cycle}/report`, reportSchema);
      const fleet = fleetNodesSchema.parse(await fleetAnswers('/_fleet/nodes'));
      const entries = await ledger();
      const findings = checkLedger(entries, fleet, report);
      const count = (kind: string) => entries.filter((entry) => entry.kind === kind).length;
      const lines = [
        ...replaced.map((each) =>
          [each.name, each.signal, `process ${each.pid}`, `replaced by ${each.successor}`]
            .concat(
              'ending' in each
                ? [`ended ${each.ended} after ${each.ending} ms`, `ready after ${each.starting} ms`]
                : [],
            )
            .join(', '),
        ),
        `a wave handed over by SIGTERM was followed again after ${handedOver} ms`,
        `${replaced.length} processes killed and replaced; ${((Date.now() - beganAt) / 1_000).toFixed(1)} s in all`,
        `ledger: ${['command-accepted', 'snapshot-created', 'patches-installed', 'reboot'].map((kind) => `${count(kind)} ${kind}`).join(', ')}`,
        ...findings.map(({ rule, checked, violations }) => `${rule}: ${checked} checked, ${violations.length} broken`),
      ];
      process.stdout.write(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
      expect(findings.flatMap(({ violations }) => violations)).toEqual([]);
      for (const rule of ['no command twice', 'no snapshot twice', 'no patch installed twice'])
        expect(findings.find((finding) => finding.rule === rule)?.checked).toBeGreaterThan(0);
    });

    test('workers tell of AWS and of themselves', async () => {
      const readiness = z.looseObject({ ready: z.boolean(), aws: z.unknown() });
      const told = readiness.parse(await (await fetch(new URL('/readyz', topology.apiUrls[1]))).json());
      expect(told).toMatchObject({ ready: true, temporal: 'up', store: 'up', aws: 'up' });
    });
  },
);
