import { Writable } from 'node:stream';
import type { ExitCode } from '../../cli/exit-codes.js';
import { run } from '../../cli/program.js';
import type { Output, Terminal } from '../../cli/terminal.js';

/** A stream that remembers what was written to it. */
export class Captured extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  constructor({ isTTY = false, columns = 100, rows = 40 } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }
  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

export interface Given {
  readonly environment?: Terminal['environment'];
  readonly input?: string;
  /** What a person answers to every question; without it there is no person. */
  readonly answers?: string;
  readonly now?: number;
  readonly wait?: Terminal['wait'];
  readonly timeZone?: string;
  readonly interrupted?: AbortSignal;
  readonly stdout?: Captured & Output;
}

export interface Ended {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** The questions that were asked. */
  readonly questions: readonly string[];
}

/** Carries a command out as a shell would, and captures what it says. */
export async function patchtide(args: readonly string[], given: Given = {}): Promise<Ended> {
  const [stdout, stderr] = [given.stdout ?? new Captured(), new Captured()];
  const questions: string[] = [];
  const { answers } = given;
  const code = await run(args, {
    environment: given.environment ?? {},
    stdout,
    stderr,
    input: async () => given.input ?? '',
    ask:
      answers === undefined
        ? null
        : async (question) => {
            questions.push(question);
            return answers;
          },
    now: () => given.now ?? Date.parse('2026-11-22T18:30:00Z'),
    wait: given.wait ?? (async () => undefined),
    timeZone: given.timeZone ?? 'UTC',
    interrupted: given.interrupted ?? new AbortController().signal,
  });
  return { code, stdout: stdout.text, stderr: stderr.text, questions };
}
