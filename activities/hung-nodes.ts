import type { Location, NodeId } from '../domain/ids.js';
import type { Manifest, Target } from '../domain/manifest.js';
import { HYBRID as NO_WAY_BACK, type RollbackVerdict, rollbackVerdict } from '../domain/rollback.js';
import type { StepKind } from '../domain/steps.js';
import { bootsOf } from './boot-id.js';
import { REBOOTED } from './effects.js';
import type { Fleet, NodeResult, NodeScan, Operation, Records } from './ports.js';
import { restoreResultOf, resultsOf, waysBack } from './ways-back.js';

/* Nodes whose agent did not come back after the install, by what the steps of their batch have said so far. */

/** The batch's operation of a step, by the step's name. */
type OperationOf = (step: string) => Promise<Operation | null>;

export interface HungNodes {
  /** Whose agent was not back in time. */
  readonly all: readonly NodeId[];
  /** Of those, the ones that are not back by now, though they are still there. */
  readonly lost: readonly NodeId[];
  /** Of those, the ones that some rung of the ladder brought back. */
  readonly back: readonly NodeId[];
  /** No longer there. */
  readonly gone: ReadonlySet<NodeId>;
}

/** The waits for agents, in order: each follows what should have brought them back. */
const WAITS = ['agent-back', 'back-from-reboot', 'back-from-reboot-again', 'back-from-restore'] as const;

export async function hungNodes(operation: OperationOf): Promise<HungNodes> {
  const waits: NodeResult[][] = [];
  for (const wait of WAITS) {
    waits.push([...((await operation(wait))?.results ?? [])]);
    // Nearly always that is all: no rung follows where every agent is back.
    if (waits.length === 1 && !waits[0]?.some(({ status }) => status === 'timed-out')) break;
  }
  const [first = [], ...later] = waits;
  const all = first.filter(({ status }) => status === 'timed-out').map(({ node }) => node);
  const returned = new Set(later.flat().flatMap(({ node, status }) => (status === 'success' ? [node] : [])));
  const gone = new Set(waits.flat().flatMap((result) => (result.gone ? [result.node] : [])));
  return {
    all,
    lost: all.filter((node) => !returned.has(node) && !gone.has(node)),
    back: all.filter((node) => returned.has(node)),
    gone,
  };
}

/** Who of the nodes that hang takes this step of the ladder. */
export async function hungNodesFor(
  kind: StepKind,
  operation: OperationOf,
  wayBackOf: (nodes: readonly NodeId[]) => Promise<ReadonlyMap<NodeId, string>>,
  { onHung }: Manifest['policy'],
): Promise<readonly NodeId[]> {
  const hung = await hungNodes(operation);
  const succeededIn = async (step: StepKind) =>
    ((await operation(step))?.results ?? []).flatMap(({ node, status }) => (status === 'success' ? [node] : []));
  const lost = new Set(hung.lost);
  const instances = hung.lost.filter(isInstance);
  const lostAfter = (step: StepKind) => async () => (await succeededIn(step)).filter((node) => lost.has(node));
  const takers: Partial<Record<StepKind, () => Promise<readonly NodeId[]>>> = {
    'ec2-reboot': async () => instances,
    'back-from-reboot': lostAfter('ec2-reboot'),
    'ec2-reboot-again': async () => {
      // Only where nobody knows whether the first one was sent.
      const answered = (await operation('ec2-reboot'))?.externalIds.includes(REBOOTED) ?? true;
      return answered ? [] : instances;
    },
    'back-from-reboot-again': lostAfter('ec2-reboot-again'),
    restore: async () => (onHung === 'restore' ? [...(await wayBackOf(instances)).keys()] : []),
    'back-from-restore': lostAfter('restore'),
    'boot-after': async () => hung.back,
    'scan-again': async () => hung.back,
    'after-again': async () => hung.all.filter((node) => !hung.gone.has(node)),
    'set-aside': async () => hung.lost,
  };
  const taker = takers[kind];
  if (!taker) throw new Error(`Step ${kind} is none of those that bring nodes back.`);
  return taker();
}

const isInstance = (node: NodeId): boolean => !node.startsWith('mi-');

/** What the ladder says of a node that hung. */
export type HungVerdict =
  /** Its root volume was restored, or should have been; `aside`: it is not back. */
  | { readonly kind: 'restored'; readonly aside: boolean; readonly verdict: RollbackVerdict }
  | { readonly kind: 'aside'; readonly reason: string }
  /** Back by EC2's reboot: its scan decides, unless it runs the boot of before. */
  | { readonly kind: 'rebooted'; readonly sameBoot: string | null };

/** What became of each node that hung; empty where none did, at no cost. */
export async function hungVerdicts(
  hung: HungNodes,
  { at, manifest, os }: { readonly at: Location; readonly manifest: Manifest; readonly os: Target['os'] },
  scans: ReadonlyMap<NodeId, NodeScan>,
  operation: OperationOf,
  { fleet, records }: { readonly fleet: Fleet; readonly records: Records },
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, HungVerdict>> {
  if (hung.all.length === 0) return new Map();
  const before = await bootsOf(at, await operation('check'), fleet, signal);
  const after = await bootsOf(at, await operation('boot-after'), fleet, signal);
  const restores = resultsOf(await operation('restore'));
  const agents = resultsOf(await operation('back-from-restore'));
  const known = await records.broughtTo(manifest.cycle, manifest.stage, [...restores.keys()]);
  const data = await dataVolumes(at, manifest, [...restores.keys()], { fleet, records }, signal);
  const lost = new Set(hung.lost);
  const rebooted = resultsOf(await operation('ec2-reboot'));
  const waited = resultsOf(await operation('agent-back'));

  return new Map(
    hung.all.flatMap((node): [NodeId, HungVerdict][] => {
      if (hung.gone.has(node)) return [];
      const restore = restores.get(node);
      const boots = { bootBefore: before.get(node) ?? null, bootAfter: after.get(node) ?? null };
      if (restore) {
        const agent = agents.get(node);
        const verdict = rollbackVerdict({
          os,
          restore: restoreResultOf(restore),
          agentBack: agent ? { back: agent.status === 'success', detail: agent.detail } : null,
          ...boots,
          now: scans.get(node)?.patches ?? null,
          brought: known.get(node)?.brought ?? null,
          before: known.get(node)?.before ?? null,
        });
        const reason = [NOT_BROUGHT_BACK, verdict.reason, data.get(node)].filter(Boolean).join(' ');
        return [[node, { kind: 'restored', aside: lost.has(node), verdict: { ...verdict, reason } }]];
      }
      if (lost.has(node)) {
        const tried = [waited.get(node)?.detail, triedOn(node, rebooted.get(node)), notRestored(node, manifest)];
        return [[node, { kind: 'aside', reason: tried.filter(Boolean).join(' ') }]];
      }
      const same = boots.bootBefore !== null && boots.bootBefore === boots.bootAfter;
      return [[node, { kind: 'rebooted', sameBoot: same ? boots.bootAfter : null }]];
    }),
  );
}

const NOT_BROUGHT_BACK = 'It did not come back after the install, nor by a reboot of EC2.';

const triedOn = (node: NodeId, reboot: NodeResult | undefined): string => {
  if (!isInstance(node)) return 'It is no instance of EC2, which therefore cannot reboot it.';
  if (reboot === undefined) return 'EC2 was not asked to reboot it.';
  return reboot.status === 'success'
    ? 'EC2 rebooted it, and it did not come back.'
    : `EC2 did not reboot it: ${reboot.detail}`;
};

const notRestored = (node: NodeId, { policy }: Manifest): string => {
  if (policy.onHung !== 'restore') return 'It was not restored (the plan says onHung: set-aside).';
  return isInstance(node) ? 'No completed snapshot of its root volume was found to restore.' : NO_WAY_BACK;
};

/** The data volumes stay as they are, and are named with their snapshots. */
async function dataVolumes(
  at: Location,
  { cycle, stage }: Manifest,
  nodes: readonly NodeId[],
  { fleet, records }: { readonly fleet: Fleet; readonly records: Records },
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, string>> {
  const sought = await records.snapshotsTaken(cycle, stage, nodes);
  return new Map(
    [...(await waysBack(at, sought, fleet, signal))].flatMap(([node, { way }]) =>
      way.kind === 'none' || way.data.length === 0
        ? []
        : [
            [
              node,
              `Its data volumes stay as they are: ${way.data.map(({ volume, snapshot }) => `${volume} (snapshot ${snapshot})`).join(', ')}.`,
            ] as const,
          ],
    ),
  );
}
