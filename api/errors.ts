import type { Fault } from '../domain/documents/errors.js';

/*
 * Every problem that the API answers with (RFC 9457), each documented once. A code is stable: clients may branch on it.
 * `advice` says what to do next.
 */

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly advice: string;
}

export const PROBLEMS = {
  'invalid-input': {
    status: 400,
    title: 'The request is not as it should be',
    advice: 'Correct the fields that `faults` lists; each says what was expected, and nothing was changed.',
  },
  malformed: {
    status: 400,
    title: 'The workflow could not read the message',
    advice: 'Correct what the detail names. Where the API let it through, API and workers are of different releases.',
  },
  'unreadable-body': {
    status: 400,
    title: 'The body cannot be read',
    advice: 'Send one document of well-formed JSON or YAML, in UTF-8, without excessive aliases.',
  },
  'not-supported-yet': {
    status: 400,
    title: 'This is reserved and not carried out yet',
    advice: 'Leave the value out, or choose one of those that `faults` names.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid API key',
    advice: 'Send `Authorization: Bearer <key>` with a key that the operator of this service gave you.',
  },
  forbidden: {
    status: 403,
    title: 'Your role may not do this',
    advice: 'Ask somebody whose role may; the detail names it.',
  },
  'own-request': {
    status: 403,
    title: 'Nobody decides on their own request',
    advice: 'Ask another approver to decide.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    advice: 'Check the spelling in the path; lists show what there is.',
  },
  'no-plan': {
    status: 404,
    title: 'There is no such plan',
    advice: 'Write the plan first with PUT /v1/plans/{name}, or correct its name.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not know this method',
    advice: 'Use one of the methods of the `Allow` header.',
  },
  'not-acceptable': {
    status: 406,
    title: 'The answer is not available in that form',
    advice: 'Ask for `text/event-stream`, or send no `Accept` header.',
  },
  'in-use': {
    status: 409,
    title: 'Something still needs this document',
    advice: 'Change or end what the detail names, then try again.',
  },
  'cycle-running': {
    status: 409,
    title: 'A cycle of this plan is running',
    advice: 'Wait for it to end, or cancel it.',
  },
  halted: {
    status: 409,
    title: 'Everything is halted',
    advice: 'Ask whom the detail names; when new work may begin again, an operator sends POST /v1/unhalt.',
  },
  'idempotency-key-reused': {
    status: 409,
    title: 'This Idempotency-Key belongs to another request',
    advice: 'Use a new key for a new request; repeat the old request word for word to get its result again.',
  },
  conflict: {
    status: 409,
    title: 'That contradicts what is there',
    advice: 'Read what the detail names, then decide again.',
  },
  'not-waiting': {
    status: 409,
    title: 'Nothing waits for that',
    advice: 'Read the cycle again: its `waitingFor` says what it expects.',
  },
  'other-manifest': {
    status: 409,
    title: 'The decision is about another manifest',
    advice: 'Read the manifest that `waitingFor` names, and decide on that one.',
  },
  'already-decided': {
    status: 409,
    title: 'You have decided already',
    advice: 'Another approver may decide as well; a decision is not taken back, but a cycle can be cancelled.',
  },
  'already-paused': { status: 409, title: 'The cycle is paused', advice: 'Resume it when it may go on.' },
  'not-paused': { status: 409, title: 'The cycle is not paused', advice: 'Nothing needs to be done.' },
  ended: { status: 409, title: 'The cycle has ended', advice: 'Read its report; start another cycle if it is needed.' },
  'cycle-at-work': {
    status: 409,
    title: 'The cycle is at work',
    advice: 'Pause it and wait until what runs is finished, or wait for its end; then roll back.',
  },
  'rollback-running': {
    status: 409,
    title: 'The cycle is being rolled back',
    advice: "Wait for the rollback's end: the cycle's events and report tell of it.",
  },
  'nothing-to-roll-back': {
    status: 409,
    title: 'There is nothing to go back to',
    advice: 'Read the detail: it says of each node why. Restore such nodes by other means.',
  },
  'not-set-aside': {
    status: 409,
    title: 'The node is not set aside',
    advice: 'Nothing needs to be done; GET /v1/nodes?setAside=true shows those that are.',
  },
  'no-schedule': {
    status: 404,
    title: 'The plan does not start by itself',
    advice: 'Give the plan a `start`, then its schedule can be paused and resumed.',
  },
  'changed-meanwhile': {
    status: 412,
    title: 'The document is not what you think it is',
    advice: 'Read it again, apply your change to what you find, and send its ETag in `If-Match`.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    advice: 'Send at most 1 MiB; apply documents one by one.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The content type is not understood',
    advice: 'Send `application/json`; documents may also come as `application/yaml`.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    advice: 'Wait for as long as `Retry-After` says, then go on more slowly.',
  },
  'internal-error': {
    status: 500,
    title: 'Something is wrong in Patchtide',
    advice: 'Report it with the request id of the `X-Request-Id` header.',
  },
  'temporal-unavailable': {
    status: 503,
    title: 'Temporal does not answer',
    advice: 'Repeat the request after `Retry-After`; with the same `Idempotency-Key` nothing happens twice.',
  },
  'worker-unavailable': {
    status: 503,
    title: 'No worker answered in time',
    advice:
      'See that a worker runs; then read the state again before you repeat the request, since it may still apply.',
  },
  'preview-failed': {
    status: 503,
    title: 'The preview could not be made',
    advice: 'Look into what the detail says (AWS may be out of reach, or deny); nothing was changed. Then repeat it.',
  },
  'examination-failed': {
    status: 503,
    title: 'The accounts could not be looked at',
    advice: 'Look into what the detail says; nothing was changed. Then repeat it, for fewer accounts perhaps.',
  },
  'import-failed': {
    status: 503,
    title: 'The import could not be made',
    advice: 'Look into what the detail says; nothing was changed. Then repeat it, for fewer accounts perhaps.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The database does not answer',
    advice: 'Repeat the request after `Retry-After`.',
  },
  'schedule-behind': {
    status: 503,
    title: 'The document is written, its schedule is not',
    advice: 'Repeat the request: it writes the same document and repairs the schedule.',
  },
  overloaded: {
    status: 503,
    title: 'The service is under pressure',
    advice: 'Repeat the request after `Retry-After`.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by routes, answered by the one error handler. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly faults: readonly Fault[];
  /** Seconds until it may be worth another try. */
  readonly retryAfter: number | null;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      faults?: readonly Fault[];
      retryAfter?: number;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.status = PROBLEMS[code].status;
    this.faults = more.faults ?? [];
    this.retryAfter = more.retryAfter ?? (this.status === 503 ? 5 : null);
    this.headers = more.headers ?? {};
  }
}
