import type { Journal } from './journal.js';

export type LedgerKind =
  | 'fleet-began'
  | 'command-accepted'
  | 'command-cancelled'
  | 'command-started'
  | 'command-ended'
  | 'patches-installed'
  | 'reboot'
  | 'agent-lost'
  | 'agent-back'
  | 'snapshot-created'
  | 'snapshot-completed'
  | 'snapshot-failed'
  | 'snapshot-deleted'
  | 'root-volume-task-started'
  | 'root-volume-replaced'
  | 'root-volume-task-failed'
  | 'lifecycle-changed'
  | 'instance-started'
  | 'instance-stopped'
  | 'instance-terminated'
  | 'tags-changed'
  | 'automation-started'
  | 'automation-ended'
  | 'baseline-created'
  | 'baseline-updated'
  | 'baseline-deleted'
  | 'baseline-registered'
  | 'baseline-deregistered'
  | 'patch-released'
  | 'patch-withdrawn';

/** What happened, where, in wall time. `key` is the caller's own mark: a command's Comment. */
export interface LedgerEntry {
  seq: number;
  at: string;
  kind: LedgerKind;
  account?: string;
  region?: string;
  node?: string;
  zoneId?: string;
  key?: string;
  [detail: string]: unknown;
}

/** Every effect on every node, append-only and in the order of its true time: the oracle of the tests. */
export class Ledger {
  readonly #entries: LedgerEntry[];
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#entries = journal.restoredLedger.map((entry) => entry as LedgerEntry);
  }

  /** `at` is wall time in epoch milliseconds. */
  record(at: number, kind: LedgerKind, detail: Omit<LedgerEntry, 'seq' | 'at' | 'kind'>): void {
    const entry: LedgerEntry = { seq: this.#entries.length + 1, at: new Date(at).toISOString(), kind, ...detail };
    this.#entries.push(entry);
    this.#journal.note(entry);
  }

  /** Entries with a sequence number above `after`, of one kind and one node if these are given. */
  read(filter: { after?: number; kind?: string; node?: string } = {}): LedgerEntry[] {
    return this.#entries
      .slice(filter.after ?? 0)
      .filter((entry) => filter.kind === undefined || entry.kind === filter.kind)
      .filter((entry) => filter.node === undefined || entry.node === filter.node);
  }
}
