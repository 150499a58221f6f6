import { z } from 'zod';
import type { AccountId, NodeId, Region } from '../domain/ids.js';
import type { FleetFilter } from '../store/index.js';
import { readCursor } from './cursor.js';
import type { filterQuery } from './schemas/fleet-filter.js';

/* How a request for nodes of the inventory asks the store. */

/** Without what the request leaves open. */
export const filterOf = ({ account, region, ...rest }: z.infer<z.ZodObject<typeof filterQuery>>): FleetFilter => ({
  ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  ...(account !== undefined && { account: account as AccountId }),
  ...(region !== undefined && { region: region as Region }),
});

/** Nodes are in the order of their ids. */
export const positionOf = (cursor: string | undefined, limit: number) => {
  const after = readCursor(
    cursor,
    z.string().transform((value) => value as NodeId),
  );
  return { limit, ...(after !== undefined && { after }) };
};
