import type { Engine, LeaseRequest, Records } from './ports.js';

/**
 * A node belongs to one batch of one cycle at a time, from before its first step to its record: two plans that select the
 * same node take it one after the other. A lease of somebody who has ended without giving it back is broken: their
 * workflow is looked at, never the clock, since nodes may be out of service for as long as a cycle is paused.
 */
export class Leases {
  private readonly records: Records;
  private readonly engine: Engine;

  constructor({ records, engine }: { readonly records: Records; readonly engine: Engine }) {
    this.records = records;
    this.engine = engine;
  }

  /** Takes all of the nodes, or none. The workflows that have some of them; empty: taken. Taking twice is taking once. */
  async take(request: LeaseRequest): Promise<readonly string[]> {
    const holders = await this.records.lease(request);
    const ended: string[] = [];
    for (const holder of holders) if (await this.engine.hasEnded(holder)) ended.push(holder);
    if (ended.length === 0) return holders;
    for (const owner of ended) await this.records.releaseAll(owner);
    return this.records.lease(request);
  }
}
