import { type Readmission, SET_ASIDE_TAG } from '../domain/set-aside.js';
import { talkingToAws } from './failures.js';
import { type Fleet, FleetError, type Records } from './ports.js';

export type ReadmitActivities = ReturnType<typeof createReadmitActivities>;

/** Taking back a node that was set aside. */
export function createReadmitActivities({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
  /** From now on cycles take it again; then its tag goes, unless it has been set aside anew meanwhile. */
  async function readmit({ node, since, account, region }: Readmission): Promise<void> {
    return talkingToAws(async (signal) => {
      await records.readmit(node, since);
      if ((await records.setAsideAmong([node])).size > 0) return;
      try {
        await fleet.untagNode({ account, region }, node, [SET_ASIDE_TAG], signal);
      } catch (error) {
        // A node that is gone bears no tag.
        if (!(error instanceof FleetError) || error.code !== 'rejected') throw error;
      }
    });
  }
  return { readmit };
}
