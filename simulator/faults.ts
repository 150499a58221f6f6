import { z } from 'zod';
import { matchesGlob } from './glob.js';
import type { Table } from './journal.js';
import type { Chance } from './random.js';

/** Faults of a call, and faults of a node. */
export const CALL_FAULTS = [
  'throttle',
  'deny',
  'error-500',
  'expire-credentials',
  'lose-reply',
  'time-out',
  'down',
] as const;
export const NODE_FAULTS = [
  'install-fails',
  'command-fails',
  'agent-never-returns',
  'agent-lost-until-reboot',
  'snapshot-error',
  'snapshot-stuck',
] as const;
export type CallFault = (typeof CALL_FAULTS)[number];
export type NodeFault = (typeof NODE_FAULTS)[number];

/**
 * What goes wrong, where, how often. What is left out matches everything; `operation`, `account`, `region` and `node`
 * may carry wildcards, `contains` is looked for in the request (or in a node fault's command text).
 * Without `times`, `probability` or `always` a fault happens once.
 */
export const faultInput = z.strictObject({
  fault: z.enum([...CALL_FAULTS, ...NODE_FAULTS]),
  operation: z.string().optional(),
  account: z.string().optional(),
  region: z.string().optional(),
  node: z.string().optional(),
  contains: z.string().optional(),
  times: z.int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
  always: z.boolean().optional(),
  delayMs: z.int().nonnegative().optional(),
});
export type FaultInput = z.infer<typeof faultInput>;

export interface Fault extends FaultInput {
  id: string;
  draws: number;
  hits: number;
}

/** Where a fault may strike. */
export interface FaultSite {
  operation?: string;
  account: string;
  region: string;
  nodes?: readonly string[];
  text?: string;
}

/** The faults that were asked for. They are part of the fleet's memory and outlive a restart. */
export class Faults {
  readonly #table: Table<Fault>;
  readonly #chance: Chance;

  constructor(table: Table<Fault>, chance: Chance) {
    this.#table = table;
    this.#chance = chance;
  }

  add(input: FaultInput, id: string): Fault {
    return this.#table.put(id, { ...input, id, draws: 0, hits: 0 });
  }

  get any(): boolean {
    return this.#table.size > 0;
  }

  list(): Fault[] {
    return [...this.#table.values()];
  }

  remove(id: string): void {
    this.#table.delete(id);
  }

  clear(): void {
    for (const fault of this.list()) this.#table.delete(fault.id);
  }

  /** The first fault of one of `kinds` that strikes at `site` now, counted as having struck. */
  strike(kinds: readonly Fault['fault'][], site: FaultSite): Fault | undefined {
    if (this.#table.size === 0) return undefined;
    return this.list().find((fault) => kinds.includes(fault.fault) && concerns(fault, site) && this.#draw(fault));
  }

  #draw(fault: Fault): boolean {
    fault.draws += 1;
    const strikes =
      fault.probability === undefined || this.#chance.fraction('fault', fault.id, fault.draws) < fault.probability;
    if (strikes) fault.hits += 1;
    const limit = fault.times ?? (fault.always || fault.probability !== undefined ? Infinity : 1);
    if (fault.hits >= limit) this.#table.delete(fault.id);
    else this.#table.put(fault.id, fault);
    return strikes;
  }
}

function concerns(fault: Fault, site: FaultSite): boolean {
  const fits = (pattern: string | undefined, text: string | undefined) =>
    pattern === undefined || (text !== undefined && matchesGlob(pattern, text));
  const { node, contains } = fault;
  return (
    fits(fault.operation, site.operation) &&
    fits(fault.account, site.account) &&
    fits(fault.region, site.region) &&
    (node === undefined || (site.nodes ?? []).some((each) => matchesGlob(node, each))) &&
    (contains === undefined || (site.text ?? '').includes(contains))
  );
}
