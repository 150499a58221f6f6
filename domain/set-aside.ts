import type { CycleId, Instant, Location, NodeId, StageName } from './ids.js';

/** A node that could not be brought back: every cycle leaves it alone until somebody readmits it. */
export interface SetAside extends Location {
  readonly node: NodeId;
  readonly since: Instant;
  readonly cycle: CycleId;
  readonly stage: StageName;
  readonly reason: string;
}

/** A node that somebody takes back, and since when it was set aside. */
export type Readmission = Pick<SetAside, 'node' | 'account' | 'region' | 'since'>;

/** The tag that a node bears which was set aside; its value says by which stage of which cycle. For people: the store decides. */
export const SET_ASIDE_TAG = 'patchtide:set-aside';

/** Why a later cycle leaves the node alone. */
export const setAsideReason = ({ since, cycle, stage, reason }: Omit<SetAside, keyof Location | 'node'>): string =>
  `Set aside since ${since} by stage ${stage} of ${cycle}, until somebody readmits it: ${reason}`;
