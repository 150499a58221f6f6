import type { Instant, Location } from '../domain/ids.js';
import { dueAt, stageKey } from '../domain/snapshot-retention.js';
import { talkingToAws } from './failures.js';
import { locationsOfAccount } from './locations.js';
import type { Engine, Fleet, Records } from './ports.js';
import type { ExpiringSnapshot, KnownStage } from './snapshot-ports.js';

/** What one call deletes at most; the oldest first. EC2 lets 5 deletions a second through. */
const MOST_AT_ONCE = 200;

/** What was deleted in one location, and what is left there to delete. */
export interface ExpiredSnapshots {
  readonly deleted: number;
  readonly gib: number;
  /** Past their retention as well, for the next call. */
  readonly more: number;
  /** Not past it yet, or still needed. */
  readonly kept: number;
  /** AWS would not delete them: an image is made of them, or they are locked. */
  readonly inUse: readonly string[];
}

export type ExpireSnapshotsActivities = ReturnType<typeof createExpireSnapshotsActivities>;

/** Deleting snapshots that nothing needs any more; those of others, and of other installations, are never looked at. */
export function createExpireSnapshotsActivities({
  fleet,
  records,
  engine,
}: {
  readonly fleet: Fleet;
  readonly records: Records;
  readonly engine: Engine;
}) {
  async function snapshotLocations(): Promise<{ locations: readonly Location[] }> {
    return { locations: (await records.accounts()).flatMap(locationsOfAccount) };
  }

  /**
   * Deletes what is past its retention in one location. That it expires is noted before it is deleted, so that nobody plans a
   * rollback with it meanwhile; a repetition deletes what is left.
   */
  async function expireSnapshots({ at, now }: { at: Location; now: Instant }): Promise<ExpiredSnapshots> {
    return talkingToAws(async (signal) => {
      const own = await fleet.ownSnapshots(at, await records.installation(), signal);
      const stages = await stagesOf(own);
      const due = own.flatMap((snapshot): ExpiringSnapshot[] => {
        const until = dueAt(snapshot, stages.get(stageKey(snapshot)) ?? null);
        return until !== null && Date.parse(until) <= Date.parse(now) ? [{ ...snapshot, due: until }] : [];
      });
      due.sort((a, b) => Date.parse(a.due) - Date.parse(b.due));
      const turn = due.slice(0, MOST_AT_ONCE);
      const allowed = new Set(turn.length === 0 ? [] : await records.snapshotsExpire(at, turn, now));
      const deleted: ExpiringSnapshot[] = [];
      const inUse: string[] = [];
      for (const snapshot of turn.filter(({ snapshotId }) => allowed.has(snapshotId))) {
        const { snapshotId } = snapshot;
        if ((await fleet.deleteSnapshot(at, snapshotId, signal)) === 'in-use') {
          await records.snapshotStays(snapshotId);
          inUse.push(snapshotId);
        } else {
          await records.snapshotDeleted(snapshotId, now);
          deleted.push(snapshot);
        }
      }
      await noteDeleted(at, deleted, now);
      return {
        deleted: deleted.length,
        gib: gibOf(deleted),
        more: due.length - turn.length,
        kept: own.length - due.length,
        inUse,
      };
    });
  }

  /** A cycle that is thought to run and whose workflow has ended is dead: nobody goes on with it, so it counts as unknown. */
  async function stagesOf(own: readonly { readonly cycle: KnownStage['cycle'] }[]): Promise<Map<string, KnownStage>> {
    const known = await records.stageEnds([...new Set(own.map(({ cycle }) => cycle))]);
    const running = [...new Set(known.flatMap(({ runningAs }) => runningAs ?? []))];
    const dead = new Set<string>();
    for (const workflow of running) if (await engine.hasEnded(workflow)) dead.add(workflow);
    const alive = known.filter(
      ({ runningAs, rollbackRuns }) => runningAs === null || !dead.has(runningAs) || rollbackRuns,
    );
    return new Map(alive.map((stage) => [stageKey(stage), stage]));
  }

  async function noteDeleted(at: Location, deleted: readonly ExpiringSnapshot[], now: Instant): Promise<void> {
    for (const stage of new Set(deleted.map(stageKey))) {
      const snapshots = deleted.filter((snapshot) => stageKey(snapshot) === stage);
      const [first] = snapshots;
      await records.audit({
        key: `snapshots-expired/${at.account}/${at.region}/${first?.snapshotId}`,
        at: now,
        who: 'patchtide',
        action: 'delete snapshots',
        subject: stage,
        result: 'done',
        reason: `${snapshots.length} of volumes of ${gibOf(snapshots)} GiB in ${at.account} ${at.region}: past their retention.`,
      });
    }
  }

  return { snapshotLocations, expireSnapshots };
}

const gibOf = (snapshots: readonly ExpiringSnapshot[]): number => snapshots.reduce((sum, { gib }) => sum + gib, 0);
