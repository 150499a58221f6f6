import { z } from 'zod';
import { matchesGlob } from './glob.js';
import type { Table } from './journal.js';
import type { Chance } from './random.js';

/** Faults of a call, and faults of a node. */
export const CALL_FAULTS = [
  'throttle',
  'deny',
  'error-500',
  'error-500-done',
  'answer-error',
  'expire-credentials',
  'lose-reply',
  'time-out',
  'down',
] as const;
export const NODE_FAULTS = [
  'install-fails',
  'install-hangs',
  'command-fails',
  'agent-never-returns',
  'agent-lost-until-reboot',
  'agent-lost-until-restore',
  'snapshot-error',
  'snapshot-stuck',
  'snapshot-slow',
  'restore-fails',
  'restore-fails-detached',
  'restore-stuck',
  'target-unhealthy',
] as const;
/** Of an application's health address. */
const HEALTH_FAULT = 'health-fails';
const isCallFault = (fault: string): boolean => CALL_FAULTS.some((each) => each === fault);

/**
 * What goes wrong, where, how often. What is left out matches everything; `operation`, `account`, `region` and `node`
 * may carry wildcards, `contains` is looked for in the request (or in a node fault's command text).
 * Without `times`, `probability` or `always` a fault happens once.
 * `match` aims at one call: the `nth` (from 1) of an operation whose request holds `key` as a whole word; `times` and the
 * others then count from that call on.
 */
export const faultInput = z
  .strictObject({
    fault: z.enum([...CALL_FAULTS, ...NODE_FAULTS, HEALTH_FAULT]),
    match: z
      .strictObject({ operation: z.string(), key: z.string().min(1).optional(), nth: z.int().positive().default(1) })
      .optional(),
    /** Of `answer-error`: the code of AWS that is answered, and its HTTP status (400). */
    code: z.string().optional(),
    status: z.int().min(400).max(599).optional(),
    /** Of `health-fails`: the application whose health address answers 503; all of them if left out. */
    application: z.string().optional(),
    operation: z.string().optional(),
    account: z.string().optional(),
    region: z.string().optional(),
    node: z.string().optional(),
    contains: z.string().optional(),
    times: z.int().positive().optional(),
    probability: z.number().min(0).max(1).optional(),
    always: z.boolean().optional(),
    delayMs: z.int().nonnegative().optional(),
  })
  .refine(({ fault, match }) => match === undefined || isCallFault(fault), {
    path: ['match'],
    error: 'aims at a call: the fault must be one of calls',
  })
  .refine(({ fault, code }) => (fault === 'answer-error') === (code !== undefined), {
    path: ['code'],
    error: 'belongs to answer-error, and answer-error takes one',
  });
export type FaultInput = z.input<typeof faultInput>;

export interface Fault extends z.output<typeof faultInput> {
  id: string;
  /** Calls that `match` has fitted so far. */
  calls: number;
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
  application?: string;
}

/** The faults that were asked for. They are part of the fleet's memory and outlive a restart. */
export class Faults {
  readonly #table: Table<Fault>;
  readonly #chance: Chance;

  constructor(table: Table<Fault>, chance: Chance) {
    this.#table = table;
    this.#chance = chance;
  }

  add(input: z.output<typeof faultInput>, id: string): Fault {
    return this.#table.put(id, { ...input, id, calls: 0, draws: 0, hits: 0 });
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
    const candidates = this.list().filter((fault) => kinds.includes(fault.fault) && concerns(fault, site));
    // Each of them counts the call, whichever strikes.
    return candidates.filter((fault) => this.#isReached(fault)).find((fault) => this.#draw(fault));
  }

  #isReached(fault: Fault): boolean {
    if (!fault.match) return true;
    fault.calls += 1;
    this.#table.put(fault.id, fault);
    return fault.calls >= fault.match.nth;
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
  const { node, contains, match, application } = fault;
  return (
    (match === undefined ||
      (fits(match.operation, site.operation) && (match.key === undefined || holdsWord(site.text ?? '', match.key)))) &&
    fits(application, site.application) &&
    fits(fault.operation, site.operation) &&
    fits(fault.account, site.account) &&
    fits(fault.region, site.region) &&
    (node === undefined || (site.nodes ?? []).some((each) => matchesGlob(node, each))) &&
    (contains === undefined || (site.text ?? '').includes(contains))
  );
}

/** Whether a text holds a key that is not part of a longer one: `w1.b2` is not in `w1.b25`. */
function holdsWord(text: string, key: string): boolean {
  const isPart = (character: string) => /[\w./:-]/.test(character);
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1)) {
    if (!isPart(text.charAt(at - 1)) && !isPart(text.charAt(at + key.length))) return true;
  }
  return false;
}
