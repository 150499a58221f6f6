import type { Outcome } from './cycle.js';
import type { NodePatch, OperatingSystem, PinnedPatch } from './fleet.js';
import type { Instant, Location, NodeId, StageName } from './ids.js';
import { broughtBy, isPresent } from './verdict.js';
import { isWindowsUpdate } from './versions.js';

/** What is to go back: everything a cycle changed, or a stage of it, one of its waves, or some nodes. */
export interface RollbackScope {
  readonly stage: StageName | null;
  /** Only together with a stage. */
  readonly wave: number | null;
  readonly nodes: readonly NodeId[] | null;
}

/** What is known of a node that a stage of the cycle had in its hands. */
export interface RollbackFact extends Location {
  readonly stage: StageName;
  readonly node: NodeId;
  readonly wave: number;
  readonly batch: number;
  readonly step: string | null;
  readonly touched: boolean;
  readonly outcome: Outcome | null;
  /** Whether the stage took a snapshot of it. */
  readonly snapshotted: boolean;
  /** When its snapshots expired; null where they have not. */
  readonly expired: Instant | null;
  /** Whether an install of the stage brought something, or may have, as far as anybody knows: also one before the last try. */
  readonly brought: boolean;
}

export type RollbackTarget = Location & Pick<RollbackFact, 'stage' | 'node' | 'wave' | 'batch'>;

export interface RollbackPlan {
  readonly targets: readonly RollbackTarget[];
  /** Nodes that stay as they are, and why. */
  readonly left: readonly (RollbackTarget & { readonly reason: string })[];
  /** Nodes of batches in flight: what has been begun on them is finished first. */
  readonly inFlight: readonly NodeId[];
  /** Named, and not among the cycle's nodes. */
  readonly unknown: readonly NodeId[];
}

/**
 * Who goes back, and who stays as it is. In a wave or a stage that is about what was changed; of a node that was named it
 * is said in any case why it stays as it is.
 */
export function planRollback(facts: readonly RollbackFact[], scope: RollbackScope): RollbackPlan {
  const named = scope.nodes === null ? null : new Set(scope.nodes);
  const inScope = facts.filter(
    ({ stage, wave, node }) =>
      (scope.stage === null || stage === scope.stage) &&
      (scope.wave === null || wave === scope.wave) &&
      (named === null || named.has(node)),
  );
  const targets: RollbackTarget[] = [];
  const left: (RollbackTarget & { reason: string })[] = [];
  const inFlight: NodeId[] = [];
  for (const fact of inScope) {
    const { account, region, stage, node, wave, batch } = fact;
    const target = { account, region, stage, node, wave, batch };
    if (fact.outcome === null && fact.step !== null) inFlight.push(node);
    else if (!wasChanged(fact)) {
      if (named !== null) left.push({ ...target, reason: unchangedReason(fact) });
    } else if (isHybrid(node)) left.push({ ...target, reason: HYBRID });
    else if (!fact.snapshotted) left.push({ ...target, reason: NO_SNAPSHOT });
    else if (fact.expired !== null) left.push({ ...target, reason: expiredReason(fact.expired) });
    else targets.push(target);
  }
  const known = new Set(inScope.map(({ node }) => node));
  return { targets, left, inFlight, unknown: (scope.nodes ?? []).filter((node) => !known.has(node)) };
}

export const HYBRID =
  'It has nothing to go back to: it is no instance of EC2, so no snapshot of it was taken. Restore it by the means of its own site.';
export const NO_SNAPSHOT = 'It has nothing to go back to: the stage took no snapshot of it.';

export const expiredReason = (at: Instant): string =>
  `It has nothing to go back to: its snapshots expired on ${at.slice(0, 10)} (the plan's keepSnapshots).`;

const isHybrid = (node: NodeId): boolean => node.startsWith('mi-');

/** Outcomes after which nothing of the stage is on the node, or there is no node. */
const UNDONE: readonly (Outcome | null)[] = ['rolled-back', 'gone'];
/** Outcomes of a try that changed nothing. */
const UNCHANGED: readonly (Outcome | null)[] = [null, 'already-compliant', 'skipped'];
const wasChanged = ({ touched, outcome, brought }: RollbackFact): boolean =>
  !UNDONE.includes(outcome) && (brought || (touched && !UNCHANGED.includes(outcome)));
const unchangedReason = ({ outcome }: RollbackFact): string => {
  if (outcome === 'rolled-back') return 'It is rolled back already.';
  if (outcome === 'gone') return 'It is no longer there.';
  return 'The stage installed nothing on it.';
};

/** A volume of an instance, as it is attached now. */
export interface AttachedVolume {
  readonly volume: string;
  readonly device: string;
}
export interface InstanceVolumes {
  readonly node: NodeId;
  /** EC2's word: `running`, `stopped`, … */
  readonly state: string;
  readonly zoneName: string;
  /** Null: it has none. */
  readonly root: AttachedVolume | null;
  readonly data: readonly AttachedVolume[];
}
export interface VolumeSnapshot {
  readonly snapshotId: string;
  readonly volume: string;
  readonly status: 'pending' | 'completed' | 'error';
}

/** A data volume with the snapshot that was taken of it: a person decides whether it goes back, too. */
export interface DataVolume extends AttachedVolume {
  readonly snapshot: string;
}
export type WayBack =
  | { readonly kind: 'snapshot'; readonly snapshot: string; readonly data: readonly DataVolume[] }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * Which of a node's snapshots its root volume goes back to: the one of the root volume that it has now, else the only one
 * whose volume is none of the data volumes that it has now (its root volume has been replaced since).
 * `volumes` is null where the instance is not there any more.
 */
export function wayBack(volumes: InstanceVolumes | null, snapshots: readonly VolumeSnapshot[]): WayBack {
  const none = (reason: string): WayBack => ({ kind: 'none', reason });
  if (volumes === null) return none('The instance is no longer there.');
  if (volumes.state !== 'running') {
    return none(
      `The instance is ${volumes.state}, and EC2 restores the root volumes of running ones only: start it first.`,
    );
  }
  if (volumes.root === null) return none('The instance has no root volume attached, so EC2 cannot replace it.');
  if (snapshots.length === 0) return none('It has nothing to go back to: its snapshots are no longer there.');
  const { root, data } = volumes;
  const others = snapshots.filter(({ volume }) => data.every((attached) => attached.volume !== volume));
  const own = snapshots.filter(({ volume }) => volume === root.volume);
  const candidates = own.length > 0 ? own : others;
  const [candidate] = candidates;
  if (candidate === undefined) return none('It has nothing to go back to: none of its snapshots is of a root volume.');
  if (candidates.length > 1) {
    const ids = candidates.map(({ snapshotId }) => snapshotId).join(', ');
    return none(
      `Which of the snapshots ${ids} is of its root volume cannot be told, since volumes were changed since.`,
    );
  }
  if (candidate.status !== 'completed') {
    return none(`It has nothing to go back to: snapshot ${candidate.snapshotId} is ${candidate.status}.`);
  }
  return {
    kind: 'snapshot',
    snapshot: candidate.snapshotId,
    data: data.flatMap(({ volume, device }) => {
      const taken = snapshots.find((snapshot) => snapshot.volume === volume && snapshot.status === 'completed');
      return taken ? [{ volume, device, snapshot: taken.snapshotId }] : [];
    }),
  };
}

/** What a person types to put a data volume back as it was in its snapshot; the volume that is replaced stays. */
export function restoreCommands(
  { volume, device, snapshot }: DataVolume,
  at: { readonly node: NodeId; readonly region: string; readonly zoneName: string },
): string[] {
  const region = `--region ${at.region}`;
  return [
    `NEW=$(aws ec2 create-volume ${region} --availability-zone ${at.zoneName} --snapshot-id ${snapshot} --query VolumeId --output text)`,
    `aws ec2 wait volume-available ${region} --volume-ids "$NEW"`,
    `aws ec2 detach-volume ${region} --volume-id ${volume}`,
    `aws ec2 wait volume-available ${region} --volume-ids ${volume}`,
    `aws ec2 attach-volume ${region} --volume-id "$NEW" --instance-id ${at.node} --device ${device}`,
  ];
}

/** The end states of EC2's task (EC2 API model, ReplaceRootVolumeTask); the others are on the way. */
export const RESTORE_ENDS = ['succeeded', 'failed', 'failed-detached'] as const;
export type RestoreEnd = (typeof RESTORE_ENDS)[number];

/** How the restore of one node's root volume ended. */
export interface RestoreResult {
  readonly end: RestoreEnd | 'refused' | 'not-ended';
  /** What AWS said of it, with the id of its task where there is one. */
  readonly detail: string;
}

export interface RollbackEvidence {
  readonly os: OperatingSystem;
  readonly restore: RestoreResult;
  /** How the wait for its agent ended; null where nobody waited. */
  readonly agentBack: { readonly back: boolean; readonly detail: string } | null;
  /** Which boot it was, right before the restore and after it; null where the node could not tell. */
  readonly bootBefore: string | null;
  readonly bootAfter: string | null;
  /** What a scan after the restore found; null where none succeeded. */
  readonly now: readonly NodePatch[] | null;
  /** What installs had brought, as scans after them told; null where none did. */
  readonly brought: readonly PinnedPatch[] | null;
  /** Its patches before an install after which no scan told what it had brought; null where there is none. */
  readonly before: readonly NodePatch[] | null;
}

export interface RollbackVerdict {
  readonly outcome: 'rolled-back' | 'failed';
  readonly reason: string;
  /** It is out of service, and was put there by the rollback. */
  readonly lost: boolean;
  /** It has no root volume any more. */
  readonly detached: boolean;
}

/**
 * `rolled-back` only where EC2's task succeeded, the node runs another boot than before, and a scan finds nothing of what
 * the install had brought. All else is `failed`, with the reason.
 */
export function rollbackVerdict(evidence: RollbackEvidence): RollbackVerdict {
  const { restore, agentBack, bootBefore, bootAfter, now } = evidence;
  const failed = (reason: string, lost: boolean): RollbackVerdict => ({
    outcome: 'failed',
    reason,
    lost,
    detached: restore.end === 'failed-detached',
  });
  switch (restore.end) {
    case 'refused':
      return failed(`Not rolled back: AWS refused to replace its root volume: ${restore.detail}`, false);
    case 'failed':
      return failed(
        `Not rolled back: its root volume could not be replaced (${restore.detail}). The old one stays, with the patches.`,
        false,
      );
    case 'failed-detached':
      return failed(
        `It has no root volume: EC2 took the old one off and could not attach another (${restore.detail}). Attach the old volume, or one made from the snapshot, as its root device, and start it.`,
        true,
      );
    case 'not-ended':
      return failed(`Nobody knows yet whether its root volume was replaced: ${restore.detail}`, true);
    case 'succeeded':
  }
  const restored = `Its root volume was replaced (${restore.detail})`;
  if (agentBack === null || !agentBack.back) {
    return failed(`${restored}, but it did not come back: ${agentBack?.detail ?? 'nobody could look.'}`, true);
  }
  if (bootAfter === null) return failed(`${restored}, but it did not tell which boot it runs.`, true);
  if (bootBefore === bootAfter)
    return failed(`${restored}, but it still runs the boot of before (${bootAfter}).`, false);
  if (now === null) return failed(`${restored} and it restarted, but it could not be scanned afterwards.`, false);
  const brought = stillThere(evidence, now);
  if (brought === null) {
    return failed(
      `${restored} and it restarted, but nothing tells what the install had brought: whether that is gone cannot be said.`,
      false,
    );
  }
  if (brought.length > 0) {
    const names = brought.map(({ id, title }) => (isWindowsUpdate(id) || title === '' ? id : title)).sort();
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    return failed(
      `${restored} and it restarted, but of what the install brought it still has ${names.slice(0, SHOWN).join(', ')}${more}.`,
      false,
    );
  }
  const boot = bootBefore === null ? 'it runs again, and had not answered before' : 'it runs another boot';
  const count = evidence.brought?.length ?? 0;
  const gone =
    count > 0 || evidence.before === null
      ? `${count} patches that the install brought are gone`
      : 'it has nothing that it did not have before the install';
  return { outcome: 'rolled-back', reason: `${restored}; ${boot}; ${gone}.`, lost: false, detached: false };
}
const SHOWN = 3;

function stillThere(
  { os, brought, before }: RollbackEvidence,
  now: readonly NodePatch[],
): readonly PinnedPatch[] | null {
  if (brought === null && before === null) return null;
  const known = (brought ?? []).filter((patch) => isPresent(os, patch, now));
  return before === null ? known : [...known, ...broughtBy(os, before, now)];
}
