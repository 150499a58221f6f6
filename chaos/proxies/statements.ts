import type { Call } from '../faults.js';
import { runIn, withoutRun } from '../names.js';

/** What a client asked of the database in one go. */
export interface Statement {
  readonly verb: string;
  readonly table: string;
  /** As text. */
  readonly parameters: readonly string[];
}

export interface NamedCall {
  readonly run: string;
  readonly call: Call;
}

const QUERY = 'Q';
const PARSE = 'P';
const BIND = 'B';

/** The statement that a client's message begins or goes on with (PostgreSQL manual, "Message Formats"). */
export function readStatement(type: string, bytes: Buffer, before: Statement | null): Statement | null {
  if (type === QUERY) return { ...statementOf(bytes.toString('utf8', 5, bytes.length - 1)), parameters: [] };
  if (type === PARSE) {
    const nameEnd = bytes.indexOf(0, 5);
    return { ...statementOf(bytes.toString('utf8', nameEnd + 1, bytes.indexOf(0, nameEnd + 1))), parameters: [] };
  }
  return type === BIND && before !== null ? { ...before, parameters: parametersOf(bytes) } : before;
}

/** What a statement does, and to which table. */
export function statementOf(sql: string): { readonly verb: string; readonly table: string } {
  const simple = /^\s*(begin|start transaction|commit|rollback)/i.exec(sql)?.[1]?.toLowerCase();
  if (simple !== undefined) return { verb: simple === 'start transaction' ? 'begin' : simple, table: '' };
  const change = /\b(insert|update|delete)(?: into| from)?\s+"?(\w+)"?/i.exec(sql);
  // `for update` locks what a select reads.
  if (change && !/^\s*select\b/i.test(sql)) return { verb: change[1]?.toLowerCase() ?? '', table: change[2] ?? '' };
  return { verb: 'select', table: /\bfrom\s+"?(\w+)"?/i.exec(sql)?.[1] ?? '' };
}

function parametersOf(bytes: Buffer): string[] {
  let at = bytes.indexOf(0, bytes.indexOf(0, 5) + 1) + 1;
  at += 2 + 2 * bytes.readUInt16BE(at);
  const count = bytes.readUInt16BE(at);
  at += 2;
  const parameters: string[] = [];
  for (let index = 0; index < count; index++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) continue;
    parameters.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  return parameters;
}

const WRITES = new Set(['insert', 'update', 'delete']);

/**
 * Names the statements of one connection. What a transaction does takes effect with its commit, which is named after the
 * last statement before it: that is the effect, and the statements within are sampled like reads.
 */
export class Naming {
  readonly #nodesOf: (run: string) => ReadonlyMap<string, string>;
  #transaction: { last: NamedCall | null } | null = null;

  constructor(nodesOf: (run: string) => ReadonlyMap<string, string>) {
    this.#nodesOf = nodesOf;
  }

  /** Whose statement it is and what it is called; null where nothing tells. */
  name({ verb, table, parameters }: Statement): NamedCall | null {
    if (verb === 'begin') this.#transaction = { last: null };
    if (verb === 'commit' || verb === 'rollback') {
      const last = this.#transaction?.last ?? null;
      this.#transaction = null;
      return verb === 'commit' && last !== null ? commitAfter(last) : null;
    }
    const run = parameters.map(runIn).find((found) => found !== null) ?? this.#transaction?.last?.run ?? null;
    if (run === null || verb === 'begin') return null;
    const call: Call = {
      service: 'store',
      operation: `store:${verb} ${table}`,
      key: subject(parameters.map((parameter) => withoutRun(parameter, this.#nodesOf(run)))),
      effect: WRITES.has(verb) && this.#transaction === null,
      namedBefore: true,
    };
    const named = { run, call };
    if (this.#transaction) this.#transaction.last = named;
    return named;
  }
}

function commitAfter({ run, call }: NamedCall): NamedCall {
  const key = `${call.operation.replace('store:', '')} ${call.key}`;
  return { run, call: { ...call, operation: 'store:commit after', key, effect: true } };
}

/** The names among the parameters: keys, ids, words; no numbers, times or documents. */
const subject = (parameters: readonly string[]): string =>
  [
    ...new Set(
      parameters.filter((each) => /^[a-z][\w ./@:…-]{0,120}$/i.test(each) && !/^(sha256|uuid|true|false)/.test(each)),
    ),
  ]
    .slice(0, 4)
    .join(' ');
