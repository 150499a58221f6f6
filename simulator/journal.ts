import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** One line of the file: what became of which entities, and the ledger entries that came with it. */
interface JournalLine {
  put?: Record<string, Record<string, unknown>>;
  ledger?: unknown[];
}

/** Entities of one kind by id. A changed entity is put back: that is what marks it for the journal. */
export class Table<T> {
  readonly #rows = new Map<string, T>();
  readonly #touched: (id: string) => void;

  constructor(touched: (id: string) => void) {
    this.#touched = touched;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): T | undefined {
    return this.#rows.get(id);
  }

  put(id: string, row: T): T {
    this.#rows.set(id, row);
    this.#touched(id);
    return row;
  }

  delete(id: string): void {
    if (this.#rows.delete(id)) this.#touched(id);
  }

  values(): IterableIterator<T> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, T]> {
    return this.#rows.entries();
  }
}

/**
 * The fleet's memory on disk: an append-only file of JSON lines, each one transaction. `commit` writes what has changed
 * since the last one in a single write, before the caller is answered, so a killed process loses nothing it acknowledged;
 * a line torn by the kill is dropped on load. Without a file everything stays in memory.
 */
export class Journal {
  readonly #file: string | undefined;
  readonly #tables = new Map<string, Table<unknown>>();
  readonly #dirty = new Map<string, Set<string>>();
  readonly #loaded = new Map<string, Map<string, unknown>>();
  readonly #loadedLedger: unknown[] = [];
  #pendingLedger: unknown[] = [];
  #descriptor: number | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) this.#load(readFileSync(file, 'utf8'));
    this.#compact(file);
    this.#descriptor = openSync(file, 'a');
  }

  /** Whether an earlier life of this fleet left something behind. */
  get restored(): boolean {
    return this.#loaded.size > 0;
  }

  get restoredLedger(): readonly unknown[] {
    return this.#loadedLedger;
  }

  /** The table of that name, filled with what the file holds. The rows are of the type they were put with. */
  table<T>(name: string): Table<T> {
    const touched = (id: string) => {
      if (this.#file === undefined) return;
      const ids = this.#dirty.get(name);
      if (ids) ids.add(id);
      else this.#dirty.set(name, new Set([id]));
    };
    const table = new Table<T>(touched);
    for (const [id, row] of this.#loaded.get(name) ?? []) table.put(id, row as T);
    this.#dirty.delete(name);
    this.#tables.set(name, table as Table<unknown>);
    return table;
  }

  note(ledgerEntry: unknown): void {
    if (this.#file !== undefined) this.#pendingLedger.push(ledgerEntry);
  }

  commit(): void {
    if (this.#descriptor === undefined || (this.#dirty.size === 0 && this.#pendingLedger.length === 0)) return;
    const put: Record<string, Record<string, unknown>> = {};
    for (const [name, ids] of this.#dirty) {
      const table = this.#tables.get(name);
      put[name] = Object.fromEntries([...ids].map((id) => [id, table?.get(id) ?? null]));
    }
    const line: JournalLine = { put, ledger: this.#pendingLedger };
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
    this.#dirty.clear();
    this.#pendingLedger = [];
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    this.commit();
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #load(text: string): void {
    for (const line of text.split('\n')) {
      const parsed = line === '' ? undefined : parseLine(line);
      if (!parsed) continue;
      for (const entry of parsed.ledger ?? []) this.#loadedLedger.push(entry);
      for (const [name, rows] of Object.entries(parsed.put ?? {})) {
        const table = this.#loaded.get(name) ?? new Map<string, unknown>();
        this.#loaded.set(name, table);
        for (const [id, row] of Object.entries(rows)) {
          if (row === null) table.delete(id);
          else table.set(id, row);
        }
      }
    }
  }

  /** Rewritten whole at start, so that it holds each entity once and ends with a whole line. */
  #compact(file: string): void {
    if (!this.restored) return;
    const lines: JournalLine[] = [{ ledger: this.#loadedLedger }];
    for (const [name, rows] of this.#loaded) lines.push({ put: { [name]: Object.fromEntries(rows) } });
    writeFileSync(`${file}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    renameSync(`${file}.new`, file);
  }
}

function parseLine(line: string): JournalLine | undefined {
  try {
    return JSON.parse(line) as JournalLine;
  } catch {
    return undefined;
  }
}
