import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';

/**
 * A handler that finishes what it began although its workflow is being cancelled. A handler runs in the workflow's root
 * scope: without this, an activity that a signal's handler waits for would be cancelled too, and a signal whose handler
 * fails ends its workflow, with everything that it has touched and not finished.
 */
export const unbroken =
  <Args extends readonly unknown[], Result>(handler: (...args: Args) => Promise<Result>) =>
  (...args: Args): Promise<Result> =>
    CancellationScope.nonCancellable(() => handler(...args));

type FieldType = 'string' | 'number' | 'boolean';
/** The fields that a message must have, with their types. */
export type Shape<Message> = { readonly [Field in keyof Message]-?: FieldType };

/**
 * Whether a message is what its type says. The types of messages bind only ourselves: anybody with Temporal's CLI can
 * send anything under any name, and a handler that stumbles over it would fail the workflow task again and again.
 */
export function isMessage<Message>(value: unknown, shape: Shape<Message>): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(shape).every(([field, type]) => typeof Reflect.get(value, field) === type);
}

/** Refuses an update that is not what its type says; for validators. */
export function requireMessage<Message>(value: Message, shape: Shape<Message>): void {
  if (isMessage<Message>(value, shape)) return;
  throw ApplicationFailure.nonRetryable(`Expected an object {${Object.keys(shape).join(', ')}}.`, 'malformed');
}
