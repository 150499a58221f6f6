import type { RollbackActivities, RollbackRecordActivities, RollbackStep } from '../../activities/roll-back.js';
import type { RollbackWave } from '../../activities/rollback-ports.js';
import type { NodeId } from '../../domain/ids.js';
import type { FakeWorld } from './fake-world.js';

/** What there is to roll back, and what comes of it. */
export interface RollbackScript {
  /** In the order in which they go back. */
  readonly waves: readonly RollbackWave[];
  /** Nodes that a batch loses, by `<stage>.w<wave>.b<batch>`. */
  readonly loses?: Readonly<Record<string, number>>;
  /** Nodes that a batch leaves without a root volume. */
  readonly detaches?: Readonly<Record<string, readonly NodeId[]>>;
  /** Workflows that have a batch's nodes the first time it asks. */
  readonly heldBy?: readonly string[];
}

export type RollbackAsked =
  | { readonly what: 'rollback-step'; readonly place: string; readonly step: RollbackStep }
  | { readonly what: 'rollback-record'; readonly place: string }
  | { readonly what: 'rollback-opened'; readonly stage: string; readonly by: string; readonly reason: string }
  | { readonly what: 'rollback-ended'; readonly reasonForRest: string };

/** The activities of rollbacks over a scripted world. */
export function fakeRollbacks(world: FakeWorld): RollbackActivities & RollbackRecordActivities {
  const script = () => world.script.rollback ?? { waves: [] };
  const placeOf = ({ stage, wave, batch }: { stage: string; wave: number; batch: number }) =>
    `${stage}.w${wave}.b${batch}`;
  const nodesOf = (place: string): number =>
    script()
      .waves.flatMap(({ stage, wave, batches }) =>
        batches.map(({ number, nodes }) => ({ place: placeOf({ stage, wave, batch: number }), nodes })),
      )
      .find((batch) => batch.place === place)?.nodes ?? 0;
  const lostIn = (place: string) => script().loses?.[place] ?? script().detaches?.[place]?.length ?? 0;

  return {
    async beginRollbackStep({ stage, wave, batch, step, run }) {
      await world.meet('beginRollbackStep');
      const place = placeOf({ stage, wave, batch });
      const before = world.asked('rollback-step').some((asked) => asked.place === place);
      await world.ask({ what: 'rollback-step', place, step });
      const { heldBy = [] } = script();
      if (heldBy.length > 0 && !before) return { key: null, nodes: 0, heldBy };
      const key = `rollback.${place}.${step}`;
      const nodes = nodesOf(place);
      await world.begin({ key, run, step, nodes, fails: false });
      return { key, nodes, heldBy: [] };
    },
    async recordRollback({ stage, wave, batch }) {
      const place = placeOf({ stage, wave, batch });
      await world.ask({ what: 'rollback-record', place });
      const begun = world.asked('rollback-step').some((asked) => asked.place === place && asked.step === 'restore');
      const lost = begun ? lostIn(place) : 0;
      const rolledBack = begun ? nodesOf(place) - lost : 0;
      return { rolledBack, failed: lost, lost, detached: begun ? (script().detaches?.[place] ?? []) : [] };
    },
    async openRollback({ stage, by, reason }) {
      await world.ask({ what: 'rollback-opened', stage, by, reason });
      if (script().waves.length === 0) return { kind: 'nothing', message: 'It had changed no node.' };
      return { kind: 'opened', number: 1 };
    },
    async rollbackWaves() {
      return { waves: script().waves };
    },
    async endRollback({ reasonForRest }) {
      await world.ask({ what: 'rollback-ended', reasonForRest });
      const recorded = world.asked('rollback-record').map(({ place }) => place);
      const lost = recorded.reduce((sum, place) => sum + lostIn(place), 0);
      const all = script().waves.flatMap(({ batches }) => batches);
      const total = all.reduce((sum, { nodes }) => sum + nodes, 0);
      const done = recorded.reduce((sum, place) => sum + nodesOf(place) - lostIn(place), 0);
      return {
        status: done === total ? 'rolled-back' : 'failed',
        message: `${done} of ${total} nodes rolled back, ${lost} lost`,
      };
    },
  };
}
