import { join } from 'node:path';
import { type FleetDescriptionInput, readFleetDescription } from './description.js';
import { Fleet } from './fleet/fleet.js';
import { populate } from './fleet/populate.js';
import { serve } from './http/server.js';
import { Journal } from './journal.js';
import { establish } from './ssm/established.js';

export type { FleetDescriptionInput } from './description.js';
export { FleetDescriptionError } from './errors.js';
export type { FaultInput } from './faults.js';
export type { FleetNode } from './fleet/model.js';
export type { LedgerEntry, LedgerKind } from './ledger.js';

export interface FleetServerOptions {
  /** A description, a YAML file that holds one, or `demo`. */
  fleet: string | FleetDescriptionInput;
  /** 0 for a free one. */
  port: number;
  host?: string;
  /** The factor by which durations shrink (60). Timestamps stay those of the wall clock. */
  speed?: number;
  /** In place of the description's own seed. */
  seed?: number;
  /** Folder in which the fleet remembers; without it everything is forgotten at the end. */
  stateFolder?: string;
  /** Epoch milliseconds; for tests. */
  wallNow?: () => number;
}

export interface RunningFleet {
  url: string;
  port: number;
  nodes: number;
  /** Whether it went on with what an earlier process left in its folder. */
  restored: boolean;
  close(): Promise<void>;
}

/**
 * Starts a simulated fleet that speaks AWS's protocols at `url`. With a state folder it goes on where it was, even after
 * `kill -9`: commands that were under way have gone on with the wall clock.
 * @throws FleetDescriptionError if the description cannot be used
 */
export async function startFleet(options: FleetServerOptions): Promise<RunningFleet> {
  const description = readFleetDescription(options.fleet);
  const journal = new Journal(options.stateFolder ? join(options.stateFolder, 'fleet.jsonl') : undefined);
  const fleet = new Fleet({
    description,
    journal,
    speed: options.speed ?? 60,
    seed: options.seed ?? description.seed,
    wallNow: options.wallNow ?? Date.now,
  });
  if (!journal.restored) {
    populate(fleet);
    establish(fleet);
  }
  journal.commit();
  const server = await serve(fleet, options.host ?? '127.0.0.1', options.port);
  return {
    url: server.url,
    port: server.port,
    nodes: fleet.nodes.size,
    restored: journal.restored,
    close: async () => {
      await server.close();
      journal.close();
    },
  };
}
