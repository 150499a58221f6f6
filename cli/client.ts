import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { problem } from '../api/schemas/problem.js';
import type { Connection } from './connection.js';
import { ApiProblem, type CommandError, Interrupted, NoAnswer, type ProblemAnswer } from './errors.js';
import { addressOf, type Route } from './routes.js';
import type { Terminal } from './terminal.js';

/** How long one answer may take, in milliseconds: a preview asks AWS. */
const LONGEST = 120_000;
/** How often a call is repeated where nobody answered, or the API asks to come again later. */
const REPETITIONS = 4;
const LONGEST_PAUSE = 10_000;

/** Problems that say: not now. */
const LATER: ReadonlySet<string> = new Set([
  'too-many-requests',
  'temporal-unavailable',
  'worker-unavailable',
  'store-unavailable',
  'schedule-behind',
  'overloaded',
] satisfies ProblemAnswer['code'][]);

interface Request<Body, Query> {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly query?: Query;
  /** Without one a new one is made for every POST, so that a repetition is the same act. */
  readonly idempotencyKey?: string | undefined;
  /** A document as YAML text, in place of `body`. */
  readonly yaml?: string;
}
type BodyOf<R extends Route> = R['body'] extends z.ZodType ? z.input<R['body']> : never;
type QueryOf<R extends Route> = R['query'] extends z.ZodType ? Partial<z.input<R['query']>> : never;

/** The REST API as one person. Calls are repeated for a while where the API is out of reach; nothing happens twice. */
export class Client {
  readonly connection: Connection;
  readonly #terminal: Pick<Terminal, 'wait' | 'interrupted'>;
  readonly #say: (line: string) => void;

  constructor(connection: Connection, terminal: Pick<Terminal, 'wait' | 'interrupted'>, say: (line: string) => void) {
    this.connection = connection;
    this.#terminal = terminal;
    this.#say = say;
  }

  /**
   * @throws ApiProblem where the API refuses
   * @throws NoAnswer where it does not answer, or not as its schema says
   */
  async call<R extends Route>(route: R, request: Request<BodyOf<R>, QueryOf<R>> = {}): Promise<z.output<R['answer']>> {
    const response = await this.#persistently(route, request);
    const text = await response.text();
    const answer = route.answer.safeParse(jsonOf(text));
    if (answer.success) return answer.data as z.output<R['answer']>;
    throw new NoAnswer(
      `${route.method} ${route.path} was not answered as an API of this version does: ${answer.error.issues[0]?.path.join('.')}: ${answer.error.issues[0]?.message}`,
      'See that the address is that of a Patchtide API of the same version.',
    );
  }

  /** All items of a list, page after page. */
  async *every<Item, R extends Route<z.ZodType<{ items: readonly Item[]; next: string | null }>>>(
    route: R,
    request: Request<BodyOf<R>, QueryOf<R>> = {},
  ): AsyncGenerator<Item> {
    let cursor: string | null = null;
    do {
      const query = { ...request.query, limit: 500, ...(cursor === null ? {} : { cursor }) } as unknown as QueryOf<R>;
      const { items, next }: { items: readonly Item[]; next: string | null } = await this.call(route, {
        ...request,
        query,
      });
      yield* items;
      cursor = next;
    } while (cursor !== null);
  }

  /** One attempt at a stream; the answer is read by the caller. @throws ApiProblem, NoAnswer */
  async open(
    route: Route,
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const response = await this.#send(route, { parameters }, { accept: 'text/event-stream', ...headers }, signal);
    if (!response.ok) throw await refusal(response);
    return response;
  }

  async #persistently(route: Route, request: Request<unknown, unknown>): Promise<Response> {
    const key = request.idempotencyKey ?? (route.method === 'POST' ? randomUUID() : undefined);
    const headers = { accept: 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) };
    for (let attempt = 0; ; attempt++) {
      const attempted = await this.#attempt(route, request, headers);
      if (attempted instanceof Response) return attempted;
      const { failure, pause } = attempted;
      if (pause === null || attempt === REPETITIONS) throw failure;
      this.#say(`${failure.message} Trying again …`);
      await this.#terminal.wait(Math.min(pause * 2 ** attempt, LONGEST_PAUSE), this.#terminal.interrupted).catch(() => {
        throw new Interrupted();
      });
    }
  }

  /** The answer, or why there is none and after how many milliseconds another attempt may be worth it. */
  async #attempt(
    route: Route,
    request: Request<unknown, unknown>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response | { failure: CommandError; pause: number | null }> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(LONGEST), this.#terminal.interrupted]);
      const response = await this.#send(route, request, headers, signal);
      if (response.ok) return response;
      const failure = await refusal(response);
      const later = failure instanceof ApiProblem && LATER.has(failure.problem.code);
      return { failure, pause: later ? 1_000 * Number(response.headers.get('retry-after') ?? 1) : null };
    } catch (error) {
      if (error instanceof NoAnswer) return { failure: error, pause: 500 };
      throw error;
    }
  }

  async #send(
    { method, path }: Route,
    { parameters = {}, body, query, yaml }: Request<unknown, unknown>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const url = new URL(`${this.connection.url}${addressOf(path, parameters)}`);
    for (const [name, value] of Object.entries(query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const content =
      yaml !== undefined
        ? { body: yaml, type: 'application/yaml' }
        : body !== undefined
          ? { body: JSON.stringify(body), type: 'application/json' }
          : null;
    try {
      return await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${this.connection.key}`,
          ...(content && { 'content-type': content.type }),
          ...headers,
        },
        ...(content && { body: content.body }),
        signal,
      });
    } catch (cause) {
      if (this.#terminal.interrupted.aborted) throw new Interrupted();
      throw new NoAnswer(
        `Nobody answers at ${this.connection.url}.`,
        'See that the API runs (npm start, or npm run api), and that PATCHTIDE_URL is its address.',
        undefined,
        cause,
      );
    }
  }
}

const jsonOf = (text: string): unknown => {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** What the API says against a request. */
const refusal = async (response: Response): Promise<CommandError> => {
  const told = problem.safeParse(jsonOf(await response.text()));
  if (told.success) return new ApiProblem(told.data);
  return new NoAnswer(
    `${response.url} answered with ${response.status}, and not as an API of Patchtide does.`,
    'See that PATCHTIDE_URL is the address of a Patchtide API of the same version.',
  );
};
