import type { z } from 'zod';
import { excerpt, type Fault } from './errors.js';
import type { RefusalParams } from './fields.js';
import { nearest } from './nearest.js';
import { fieldsAt, helpAt } from './schema-walk.js';

type Issue = z.core.$ZodIssue;

/** A fault, and whether it is about something reserved that is not carried out yet. */
export interface SchemaFault {
  readonly fault: Fault;
  readonly notYet: boolean;
}

/** What a schema's issues mean to a person. */
export const faultsOf = (schema: z.core.$ZodType, issues: readonly Issue[]): readonly SchemaFault[] =>
  issues.flatMap((issue) => explain(schema, issue));

function explain(schema: z.core.$ZodType, issue: Issue): SchemaFault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(schema, issue.path, key, issue.input?.[key]));
  if (issue.code === 'invalid_key')
    return [wrong(schema, issue, 'is not a name that may stand here', 'a name that is neither empty nor very long')];
  const branch = issue.code === 'invalid_union' ? likeliest(issue) : null;
  return branch?.flatMap((inner) => explain(schema, inner)) ?? [wrong(schema, issue)];
}

/**
 * The branch of a union that was probably meant: of those that fit the kind of value, the one with the fewest problems;
 * null where none fits. Its paths are given from the document.
 */
function likeliest(issue: z.core.$ZodIssueInvalidUnion): Issue[] | null {
  const weight = (branch: readonly Issue[]) =>
    branch.reduce((sum, inner) => sum + (inner.code === 'unrecognized_keys' ? inner.keys.length : 1), 0);
  if (isEmptyObject(issue.input)) return null;
  const fitting = issue.errors
    .filter((branch) => !branch.some(({ path, code }) => path.length === 0 && MISFIT.has(code)))
    .filter((branch) => !branch.some((inner) => inner.path.length === 0 && knowsNothing(inner)))
    .sort((a, b) => weight(a) - weight(b));
  const branch = fitting[0];
  return branch?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? null;
}
const MISFIT: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);
const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
const knowsNothing = (issue: Issue): boolean =>
  issue.code === 'unrecognized_keys' && issue.keys.length === Object.keys(issue.input ?? {}).length;

function unknownField(schema: z.core.$ZodType, at: PropertyKey[], key: string, value: unknown): SchemaFault {
  const known = fieldsAt(schema, at);
  const near = known.includes(key) ? null : nearest(key, known);
  return {
    notYet: false,
    fault: {
      path: pathText([...at, key]),
      message: known.includes(key) ? 'cannot stand beside the other fields here' : 'there is no such field',
      expected: known.includes(key)
        ? (helpAt(schema, at).expected ?? `some of ${known.join(', ')}`)
        : `one of ${known.join(', ')}`,
      found: excerpt(value),
      ...(near === null ? {} : { nearest: near }),
    },
  };
}

function wrong(schema: z.core.$ZodType, issue: Issue, message?: string, expected?: string): SchemaFault {
  const help = helpAt(schema, issue.path);
  const { input } = issue;
  const notYet = input !== undefined && (help.notYet === true || isIn(help.notYet, input));
  const params: RefusalParams = issue.code === 'custom' ? (issue.params ?? {}) : {};
  const near = params.nearest ?? (typeof input === 'string' ? nearest(input, help.values) : null);
  return {
    notYet,
    fault: {
      path: pathText(issue.path),
      message: notYet ? notYetMessage(issue, help.expected) : (message ?? messageOf(issue)),
      expected: notYet
        ? help.notYet === true
          ? 'nothing: leave it out'
          : (help.expected ?? 'another value')
        : (params.expected ?? expected ?? help.expected ?? expectedOf(issue)),
      ...(input === undefined ? {} : { found: excerpt(input) }),
      ...(near === null || notYet ? {} : { nearest: near }),
      ...(help.example === null ? {} : { example: help.example }),
    },
  };
}
const isIn = (values: boolean | readonly string[], input: unknown): boolean =>
  typeof values !== 'boolean' && typeof input === 'string' && values.includes(input);
const notYetMessage = (issue: Issue, what: string | null): string =>
  typeof issue.input === 'string'
    ? `${issue.input} is reserved and not carried out yet`
    : `${what ?? 'this'}: reserved and not carried out yet`;

function messageOf(issue: Issue): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return `is ${kindOf(issue.input)}, not what is expected`;
  if (issue.code === 'too_small')
    return issue.origin === 'array' ? 'has too few entries' : `is too ${issue.origin === 'string' ? 'short' : 'small'}`;
  if (issue.code === 'too_big')
    return issue.origin === 'array' ? 'has too many entries' : `is too ${issue.origin === 'string' ? 'long' : 'large'}`;
  return 'is not right';
}

function expectedOf(issue: Issue): string {
  if (issue.code === 'invalid_value')
    return `${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type') return TYPE_NAMES.get(issue.expected) ?? issue.expected;
  return issue.message;
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['object', 'an object'],
  ['record', 'an object'],
  ['array', 'a list'],
  ['string', 'text'],
]);

function kindOf(value: unknown): string {
  if (value === null) return 'null (empty)';
  if (Array.isArray(value)) return 'a list';
  return TYPE_NAMES.get(typeof value) ?? `a ${typeof value}`;
}

/** `spec.stages[1].soak`; names that are no plain words stand in quotes. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
