import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { z } from 'zod';
import { cycleEvents } from '../../api/schemas/events.js';
import type { Client } from '../client.js';
import { ApiProblem, Interrupted, NoAnswer } from '../errors.js';
import { exitCodeOf } from '../exit-codes.js';
import { ROUTES } from '../routes.js';
import type { Terminal } from '../terminal.js';

type Names = keyof typeof cycleEvents;

/** An event of a cycle, with its number. */
export type CycleEvent = {
  [Name in Names]: { readonly id: number; readonly event: Name; readonly data: z.output<(typeof cycleEvents)[Name]> };
}[Names];

/** Longer than the API's heartbeat of 15 seconds: a stream that is silent for so long is lost. */
const SILENCE = 45_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

interface Options {
  readonly terminal: Pick<Terminal, 'wait' | 'interrupted'>;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Told when contact is lost (with the reason), and (null) when it is there again. */
  readonly onContact: (lost: string | null) => void;
}

/**
 * The events of a cycle from the first, each once and in order, until the cycle has ended. A stream that breaks off, or an API
 * that is started again, is come back to with the number of the last event, for as long as it takes.
 * @throws ApiProblem where the API refuses; Interrupted
 */
export async function* eventsOf(
  client: Client,
  id: string,
  { terminal, signal, onContact }: Options,
): AsyncGenerator<CycleEvent> {
  let last = 0;
  let failures = 0;
  for (;;) {
    try {
      for await (const event of once(client, id, last, signal, () => {
        if (failures > 0) onContact(null);
        failures = 0;
      })) {
        last = event.id;
        yield event;
        if (event.event === 'cycle' && exitCodeOf(event.data.status) !== null) return;
      }
      if (signal.aborted) return;
    } catch (error) {
      if (signal.aborted) return;
      if (terminal.interrupted.aborted) throw new Interrupted();
      if (error instanceof ApiProblem && error.problem.status < 500 && error.problem.status !== 429) throw error;
      onContact(
        error instanceof ApiProblem || error instanceof NoAnswer ? error.message : 'The stream of events broke off.',
      );
      failures += 1;
    }
    await terminal.wait(Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE), signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** One connection's events. */
async function* once(
  client: Client,
  id: string,
  last: number,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<CycleEvent> {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE);
  try {
    const headers = last === 0 ? {} : { 'last-event-id': String(last) };
    const response = await client.open(ROUTES.events, { id }, headers, AbortSignal.any([signal, silent.signal]));
    onOpen();
    const read: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => read.push(message) });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      parser.feed(decoder.decode(chunk, { stream: true }));
      for (const message of read.splice(0)) {
        const event = eventOf(message);
        if (event !== null && event.id > last) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Null for a kind of event that this release does not know. */
function eventOf({ id, event, data }: EventSourceMessage): CycleEvent | null {
  if (event === undefined || !(event in cycleEvents)) return null;
  const name = event as Names;
  const parsed = cycleEvents[name].safeParse(JSON.parse(data));
  return parsed.success ? ({ id: Number(id), event: name, data: parsed.data } as CycleEvent) : null;
}
