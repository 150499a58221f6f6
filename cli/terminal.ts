import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import picocolors from 'picocolors';

/** A stream that is written to; the three optional fields are a terminal's. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** All that a command knows of the world beside the API; tests give it another one. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Answers. */
  readonly stdout: Output;
  /** Progress, questions and faults. */
  readonly stderr: Output;
  /** All of the standard input, as text. */
  readonly input: () => Promise<string>;
  /** Asks a person; null where there is none who could answer. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or rejects when the signal is aborted. */
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** An IANA time zone; times are shown in it. */
  readonly timeZone: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export type Colours = ReturnType<typeof picocolors.createColors>;

/** Colours for one output: none where it is not a terminal, and none where NO_COLOR is set (no-color.org). */
export const coloursFor = (output: Output, environment: Terminal['environment']): Colours =>
  picocolors.createColors(wantsColour(output, environment));

const wantsColour = (output: Output, { NO_COLOR, FORCE_COLOR, TERM }: Terminal['environment']): boolean => {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return output.isTTY === true && TERM !== 'dumb';
};

/** The width that is written for: that of a terminal; a file or another program gets lines as long as they are. */
export const widthOf = (output: Output): number => (output.isTTY && output.columns) || Number.POSITIVE_INFINITY;

/** The terminal that this process runs in. */
export function processTerminal(): Terminal {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const { stdin, stdout, stderr } = process;
  const ask = async (question: string): Promise<string> => {
    const lines = createInterface({ input: stdin, output: stderr });
    try {
      return await lines.question(question, { signal: interrupt.signal });
    } finally {
      lines.close();
    }
  };
  return {
    environment: process.env,
    stdout,
    stderr,
    input: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    ask: stdin.isTTY && stderr.isTTY ? ask : null,
    now: Date.now,
    wait: async (milliseconds, signal) => {
      await delay(milliseconds, undefined, signal ? { signal } : {});
    },
    timeZone: process.env.TZ || Intl.DateTimeFormat().resolvedOptions().timeZone,
    interrupted: interrupt.signal,
  };
}
