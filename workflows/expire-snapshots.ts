import { isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { ExpiredSnapshots } from '../activities/expire-snapshots.js';
import type { Instant, Location } from '../domain/ids.js';
import { expiring } from './activities.js';
import type { SnapshotExpiry } from './messages.js';
import { reasonOf } from './reason.js';

/** A location that has more to delete than these rounds goes on the next day. */
const ROUNDS = 50;
/** Each location lists its snapshots: a few calls. */
const LOCATIONS_AT_ONCE = 20;

/**
 * Once a day: deletes, in every registered account and Region, the snapshots that nothing needs any more. A location that AWS does
 * not answer for is named and left for the next day.
 */
export async function expireSnapshots(): Promise<SnapshotExpiry> {
  const { locations } = await expiring.snapshotLocations();
  const total = { deleted: 0, gib: 0, kept: 0, problems: [] as string[] };
  for (let from = 0; from < locations.length; from += LOCATIONS_AT_ONCE) {
    const some = locations.slice(from, from + LOCATIONS_AT_ONCE);
    for (const { deleted, gib, kept, problems } of await Promise.all(some.map(inLocation))) {
      total.deleted += deleted;
      total.gib += gib;
      total.kept += kept;
      total.problems.push(...problems);
    }
    setCurrentDetails(
      [
        `${total.deleted} snapshots deleted (volumes of ${total.gib} GiB), ${total.kept} kept`,
        ...total.problems.map((problem) => `- ${problem}`),
      ].join('\n\n'),
    );
  }
  return total;
}

async function inLocation(at: Location): Promise<SnapshotExpiry> {
  const place = `${at.account} in ${at.region}`;
  const done = { deleted: 0, gib: 0, kept: 0, problems: [] as string[] };
  // One that cannot be deleted is due again in each round.
  const inUse = new Set<string>();
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const now = new Date(Date.now()).toISOString() as Instant;
      const found: ExpiredSnapshots = await expiring.expireSnapshots.executeWithOptions({ summary: place }, [
        { at, now },
      ]);
      done.deleted += found.deleted;
      done.gib += found.gib;
      done.kept = found.kept;
      for (const id of found.inUse) inUse.add(id);
      if (found.more === 0 || found.deleted === 0) break;
      if (round === ROUNDS)
        done.problems.push(`${place}: there are ${found.more} more to delete; the next day goes on.`);
    }
  } catch (error) {
    if (isCancellation(error)) throw error;
    done.problems.push(`${place}: ${reasonOf(error)}`);
  }
  for (const id of inUse) done.problems.push(`${place}: ${id} cannot be deleted, since something in AWS uses it.`);
  return done;
}
