import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { Interrupted } from '../errors.js';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.js';
import { cycleFrame } from '../render/cycle.js';
import type { Cycle } from '../render/states.js';
import { painted } from '../render/text.js';
import { timeOfDay } from '../render/time.js';
import { ROUTES } from '../routes.js';
import { described } from './describe.js';
import { LiveView } from './live.js';
import { type CycleEvent, eventsOf } from './stream.js';

export interface WatchOptions {
  /** `approval`: ends, with a code of its own, as soon as a decision is awaited. */
  readonly until?: 'approval';
}

/** What is done with what a watched cycle tells. */
interface Show {
  event(event: CycleEvent): void | Promise<void>;
  contact(lost: string | null): void;
  /** The picture at the end, of a watch that came to one. */
  end(cycle: Cycle): void;
  close(): void;
}

/**
 * Follows a cycle until it has ended (or, with `until`, a decision is awaited): on a terminal as a picture that changes in its
 * place, else a line for each change, with `--json` each event as a line of JSON. Resolves to the exit code of how it ended.
 * @throws Interrupted; the cycle goes on
 */
export async function watchCycle(
  context: Context,
  api: Client,
  id: string,
  { until }: WatchOptions,
): Promise<ExitCode> {
  const look = () => api.call(ROUTES.cycle, { parameters: { id } });
  const first = await look();
  const { terminal } = context;
  const over = new AbortController();
  const show = showFor(context, first, look);
  const waits = (cycle: Cycle) => until === 'approval' && cycle.waitingFor?.kind === 'approval';
  try {
    const signal = AbortSignal.any([over.signal, terminal.interrupted]);
    const contact = (lost: string | null) => show.contact(lost);
    if (!waits(first)) {
      for await (const event of eventsOf(api, id, { terminal, signal, onContact: contact })) {
        await show.event(event);
        // The event may be an old one, of an approval long given: the cycle itself says what it waits for now.
        if (event.event === 'cycle' && event.data.waitingFor?.kind === 'approval' && waits(await look())) break;
      }
    }
    if (terminal.interrupted.aborted) throw new Interrupted();
    const last = await look();
    show.end(last);
    return waits(last) ? EXIT.waitsForApproval : (exitCodeOf(last.status) ?? EXIT.done);
  } catch (error) {
    if (error instanceof Interrupted)
      throw new Interrupted('', `${id} goes on. Come back with: patchtide cycle watch ${id}`);
    throw error;
  } finally {
    over.abort();
    show.close();
  }
}

function showFor(context: Context, first: Cycle, look: () => Promise<Cycle>): Show {
  if (context.json) return ndjson(context);
  const { stdout, environment } = context.terminal;
  return stdout.isTTY && environment.TERM !== 'dumb' ? new LiveView(context, first, look) : lines(context, first, look);
}

/** Each event as the API told it, a line each. */
const ndjson = (context: Context): Show => ({
  event: (event) => context.answer(JSON.stringify(event)),
  contact: (lost) => sayContact(context, lost),
  end: () => undefined,
  close: () => undefined,
});

const lines = (context: Context, first: Cycle, look: () => Promise<Cycle>): Show => {
  let cycle = first;
  return {
    event: async (event) => {
      // Waves begin after their stage is prepared: only then does the cycle know the names of their zones.
      if (event.event === 'wave' && !knowsStage(cycle, event.data.stage)) cycle = await look();
      context.answer(`${timeOfDay(event.data.at, context.clock())}  ${described(event, context.clock(), cycle)}`);
    },
    contact: (lost) => sayContact(context, lost),
    end: (cycle) => {
      const { width, colours } = context;
      const frame = cycleFrame(cycle, { clock: context.clock(), width, height: Number.POSITIVE_INFINITY });
      context.answer(['', ...frame.map((line) => painted(line, colours, width))].join('\n'));
    },
    close: () => undefined,
  };
};

const knowsStage = (cycle: Cycle, stage: string): boolean =>
  cycle.stages.some(({ name, locations }) => name === stage && locations.length > 0);

const sayContact = (context: Context, lost: string | null): void =>
  context.say(lost === null ? 'In contact again.' : `${lost} Trying again; the cycle goes on.`);
