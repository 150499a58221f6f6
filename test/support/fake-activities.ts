import type { BegunStep } from '../../activities/steps.js';
import type { Instant, Location, StageName } from '../../domain/ids.js';
import type { createActivities } from '../../worker/worker.js';
import { requestFor } from './cycle-request.js';
import { digestOf, nodesIn, openingsOf, policiesOf } from './fake-fleet.js';
import { fakeRollbacks } from './fake-rollbacks.js';
import { type FakeWorld, placeOf } from './fake-world.js';

type Activities = ReturnType<typeof createActivities>;

/** Every activity that workers run, over a scripted world: the same shapes, no AWS and no store. */
export function fakeActivities(world: FakeWorld): Activities {
  /** Manifests are named after their stage: `<stage>-manifest-<attempt>`. */
  const stageOf = (manifest: string): string => manifest.slice(digestOf('').length, manifest.lastIndexOf('-manifest-'));
  const locationsOf = (stage: string): (Location & { batches: number })[] => {
    const waves = openingsOf(world.script, world.stage(stage), EPOCH).waves;
    return [
      ...new Map(waves.map(({ account, region }) => [placeOf({ account, region }), { account, region }])).values(),
    ].map((location) => ({ ...location, batches: 1 }));
  };

  return {
    async openCycle() {
      await world.meet('openCycle');
      await world.ask({ what: 'open-cycle' });
      const empty = world.script.stages.filter((stage) => (stage.matched ?? nodesIn(stage)) === 0);
      return {
        stages: policiesOf(world.script),
        empty: empty.map(({ name }) => name as StageName),
        tails: world.tails,
      };
    },
    async selectStage({ stage }) {
      await world.meet('selectStage');
      return { digest: digestOf(`${stage}-selection`), locations: locationsOf(stage) };
    },
    async prepareStage({ stage: name, patchSet, now }) {
      await world.meet('prepareStage');
      const stage = world.stage(name);
      const attempt = world.asked('prepare').filter((earlier) => earlier.stage === name).length + 1;
      const manifest = digestOf(`${name}-manifest-${attempt}`);
      await world.ask({ what: 'prepare', stage: name, patchSet, manifest });
      const targets = nodesIn(stage);
      return {
        manifest,
        matched: stage.matched ?? targets,
        targets,
        jump: stage.jump ?? null,
        ...openingsOf(world.script, stage, now),
      };
    },
    async continueStage({ stage: name, of, waves, round, firstWave, now }) {
      await world.meet('continueStage');
      const manifest = digestOf(`${name}-manifest-1-continued-${round}`);
      await world.ask({ what: 'continue', stage: name, of, waves, round, manifest });
      const all = world.waves(name);
      const failed = (wave: number) =>
        Object.entries(world.stage(name).failures ?? {}).flatMap(([place, nodes]) =>
          place.startsWith(`w${wave}.`) ? [nodes] : [],
        );
      const next = all.flatMap((wave, index) => {
        const wanted = of === 'failed' || waves.includes(index + 1);
        const batches = wanted ? (of === 'failed' ? failed(index + 1) : world.untouched(name, index + 1)) : [];
        return batches.length > 0 ? [{ ...wave, batches }] : [];
      });
      world.continued[name] = [...(world.continued[name] ?? []), ...next];
      const opened = openingsOf(world.script, { ...world.stage(name), waves: next }, now, of === 'carried-over').waves;
      return {
        manifest,
        waves: opened.map((wave, index) => ({ ...wave, number: firstWave + index, continues: true as const })),
      };
    },
    async selectProven({ stage }) {
      await world.meet('selectProven');
      return { digest: digestOf(`${stage}-proven-selection`), locations: locationsOf(stage) };
    },
    async selectFleet({ locations }) {
      await world.meet('selectFleet');
      const all = world.script.stages.flatMap(({ name }) => locationsOf(name));
      const wanted = all.filter((at) => !locations || locations.some((location) => placeOf(location) === placeOf(at)));
      const at = new Date().toISOString() as Instant;
      return {
        digest: digestOf('fleet'),
        at,
        locations: wanted,
        nodes: 4 * wanted.length,
        busy: wanted.length,
        problems: [],
      };
    },

    async beginStep({ manifest, run, wave, batches, step }) {
      await world.meet('beginStep');
      const name = stageOf(manifest);
      const stage = world.stage(name);
      const begun: BegunStep[] = [];
      for (const batch of batches) {
        const heldBy = { check: world.othersHaveNodes, snapshot: world.roomHolders(run) }[step] ?? [];
        if (heldBy.length > 0) {
          begun.push({ batch, key: null, nodes: 0, heldBy });
          await world.ask({ what: 'refused', step, batch });
          continue;
        }
        await world.ask({ what: 'step', stage: name, wave, batch, step });
        const nodes = world.waves(name)[wave - 1]?.batches[batch - 1] ?? 0;
        const key = `${name}.w${wave}.b${batch}.${step}`;
        await world.begin({ key, run, step, nodes, fails: stage.failingSteps?.includes(step) ?? false });
        begun.push({ batch, key, nodes });
      }
      return { begun };
    },
    async beginStageTask({ manifest, run, when, task, at }) {
      await world.meet('beginStageTask');
      const name = stageOf(manifest);
      const step = `${when}-stage-${task}`;
      await world.ask({ what: 'stage-task', stage: name, step, place: placeOf(at) });
      const key = `${name}.${step}.${placeOf(at)}`;
      const fails = world.stage(name).failingSteps?.includes(step) ?? false;
      await world.begin({ key, run, step, nodes: 1, fails });
      return { keys: [key] };
    },
    async recordBatches({ manifest, wave, batches }) {
      await world.meet('recordBatches');
      const name = stageOf(manifest);
      const stage = world.stage(name);
      for (const batch of batches) await world.ask({ what: 'record', stage: name, wave, batch });
      const recorded = batches.map((batch) => {
        const place = `w${wave}.b${batch}`;
        const touched = world.asked('step').some((begun) => {
          const ours = begun.stage === name && begun.wave === wave && begun.batch === batch;
          return ours && (begun.step === 'install' || begun.step.startsWith('before-') || begun.step === 'start');
        });
        if (!touched) return { batch, done: 0, failed: 0, surplus: 0, setAside: [], detached: [] };
        const done = world.waves(name)[wave - 1]?.batches[batch - 1] ?? 0;
        return {
          batch,
          done,
          failed: stage.failures?.[place] ?? 0,
          surplus: stage.untested?.[place] ?? 0,
          setAside: stage.setAside?.[place] ?? [],
          detached: [],
        };
      });
      return { recorded };
    },
    async watch({ run, awaited }) {
      await world.meet('watch');
      const ended = await world.firstEnded(run, awaited);
      return ended.map(({ key, nodes, fails }) =>
        fails ? { key, succeeded: 0, failed: nodes } : { key, succeeded: nodes, failed: 0 },
      );
    },

    async checkHealth({ manifest, wave, look, until }) {
      await world.meet('checkHealth');
      const stage = stageOf(manifest);
      await world.ask({ what: 'health', stage, wave, look, until });
      return { unwell: world.stage(stage).unwell?.[`w${wave}.${look}`] ?? [] };
    },

    ...fakeRollbacks(world),
    async readmit(readmission) {
      await world.meet('readmit');
      await world.ask({ what: 'readmit', readmission });
    },

    async beginScan({ scan, run, account, region, batches }) {
      await world.meet('beginScan');
      const begun: { batch: number; key: string }[] = [];
      for (const batch of batches) {
        await world.ask({ what: 'scan', of: scan, place: placeOf({ account, region }), batch });
        const key = `${scan}.${account}.${region}.b${batch}`;
        await world.begin({ key, run, step: 'scan-only', nodes: 2, fails: false });
        begun.push({ batch, key });
      }
      return { begun };
    },
    async readScan({ batches }) {
      await world.meet('readScan');
      return { read: batches.map((batch) => ({ batch, scanned: 2 })) };
    },

    async project(change) {
      await world.meet('project');
      await world.ask({ what: 'project', change });
    },
    async noteOutage({ wave, message }) {
      await world.ask({ what: 'outage', wave, message });
    },
    async recordDecisions({ decisions }) {
      await world.ask({ what: 'decisions', decisions });
    },
    async note({ message }) {
      await world.ask({ what: 'note', message });
    },
    async skipRest({ stage, wave, reason }) {
      await world.meet('skipRest');
      await world.ask({ what: 'skip-rest', stage, wave, reason });
      const sizes = world
        .waves(stage)
        .flatMap((_wave, index) => (wave === null || wave === index + 1 ? world.untouched(stage, index + 1) : []));
      return sumOf(sizes);
    },
    async carryRest({ stage, wave, reason }) {
      await world.meet('carryRest');
      const nodes = sumOf(world.untouched(stage, wave));
      await world.ask({ what: 'carry-rest', stage, wave, nodes, reason });
      return nodes;
    },
    async failures({ stage }) {
      const recorded = world.asked('record').filter((entry) => entry.stage === stage);
      return recorded.reduce(
        (sum, { wave, batch }) => sum + (world.stage(stage).failures?.[`w${wave}.b${batch}`] ?? 0),
        0,
      );
    },
    async harvest({ stage }) {
      await world.ask({ what: 'harvest', stage });
      return { patchSet: digestOf(`proven-by-${stage}`) };
    },
    async reservePlannedCycle({ plan, idempotencyKey, scheduledFor, startedAt }) {
      await world.ask({ what: 'reserve', idempotencyKey, scheduledFor, startedAt });
      if (world.busyWith) return { kind: 'not-started', message: `Not started: ${world.busyWith} is still running.` };
      return { kind: 'reserved', request: { ...requestFor(plan), requestedBy: 'schedule' } };
    },
    async halted() {
      await world.ask({ what: 'halted' });
      return world.halts;
    },
    async beginTail({ stage, nodes }) {
      await world.ask({ what: 'tail-began', stage, nodes });
    },
    async endTail({ stage }) {
      await world.ask({ what: 'tail-ended', stage });
    },
    async fleetScanned({ result }) {
      await world.ask({ what: 'fleet-scanned', result });
    },

    async snapshotLocations() {
      const places = Object.keys(world.script.dueSnapshots ?? {});
      return {
        locations: places.map((place) => {
          const [account, region] = place.split('/');
          return { account, region } as Location;
        }),
      };
    },
    async expireSnapshots({ at }) {
      const place = placeOf(at);
      await world.meet(`expireSnapshots ${place}`);
      const gone = world.asked('expire').filter((entry) => entry.place === place);
      const left = (world.script.dueSnapshots?.[place] ?? 0) - sumOf(gone.map(({ deleted }) => deleted));
      const deleted = Math.min(left, 200);
      await world.ask({ what: 'expire', place, deleted });
      return { deleted, gib: 8 * deleted, more: left - deleted, kept: 1, inUse: deleted < left ? [] : ['snap-image'] };
    },
    async preview() {
      throw new Error('A workflow test has no use for a preview.');
    },
    async examineAccounts() {
      throw new Error('A workflow test has no use for the doctor.');
    },
    async importEstates() {
      throw new Error('A workflow test has no use for an import.');
    },
    async deliverWebhook(event) {
      await world.beforeWebhook();
      await world.ask({ what: 'webhook', event });
    },
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const EPOCH = '1970-01-01T00:00:00.000Z' as Parameters<typeof openingsOf>[2];
