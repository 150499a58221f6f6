import type { z } from 'zod';
import type { Fleet } from '../fleet/fleet.js';
import type { BucketName } from '../limits.js';
import type { Form } from './form.js';

/** Who calls, and where: known from the credential scope of the request's signature. */
export interface Call {
  fleet: Fleet;
  account: string;
  region: string;
  arn: string;
}

/** One operation of a service: the rate it counts against, and what it does with an input that it has checked. */
export interface Operation<Input> {
  bucket: BucketName;
  run(input: Input, call: Call): object;
}

export type QueryOperation = Operation<Form>;
export type JsonOperation = Operation<unknown>;

/** A JSON operation: validation apart from action. A violation is thrown as a ZodError and answered as ValidationException. */
export function jsonOperation<Schema extends z.ZodType>(
  schema: Schema,
  run: (input: z.output<Schema>, call: Call) => object,
  bucket: BucketName = 'ssm',
): JsonOperation {
  return { bucket, run: (input, call) => run(schema.parse(input), call) };
}

/** A page of `items` after the one that `token` names; `NextToken` says where to go on. */
export function paginate<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
  size: number,
  token: string | undefined,
  badToken: () => Error,
): { page: Item[]; next: string | undefined } {
  let from = 0;
  if (token) {
    const after = Buffer.from(token, 'base64url').toString('utf8');
    from = items.findIndex((item) => idOf(item) === after) + 1;
    if (from === 0) throw badToken();
  }
  const page = items.slice(from, from + size);
  const last = page.at(-1);
  const more = last !== undefined && from + size < items.length;
  return { page, next: more ? Buffer.from(idOf(last)).toString('base64url') : undefined };
}

/** ValidationException's text for the first violation. */
export function violation(error: z.ZodError): string {
  const issue = error.issues[0];
  return `1 validation error detected: Value at '${issue?.path.join('.') ?? ''}' failed to satisfy constraint: ${issue?.message ?? 'invalid'}`;
}
