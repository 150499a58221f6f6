import type { Location } from '../domain/ids.js';

/** What the leases ask of Temporal itself. */
export interface Engine {
  /** Whether the workflow has ended, or was never there. */
  hasEnded(workflowId: string): Promise<boolean>;
  /** Starts the location's workflow; one that runs is left as it is. */
  openLocation(at: Location, quota: number): Promise<void>;
}

export type LeasingActivities = ReturnType<typeof createLeasingActivities>;

export const createLeasingActivities = ({ engine }: { readonly engine: Engine }) => ({
  /** Which of these workflows have ended: the leases of those can be given to others. */
  async endedOwners({ owners }: { readonly owners: readonly string[] }): Promise<string[]> {
    const ended: string[] = [];
    for (const owner of owners) if (await engine.hasEnded(owner)) ended.push(owner);
    return ended;
  },

  async openLocation({ account, region, quota }: Location & { readonly quota: number }): Promise<void> {
    await engine.openLocation({ account, region }, quota);
  },
});
