import { Client } from './client.js';
import { connectionFor } from './connection.js';
import type { Clock } from './render/time.js';
import type { Role } from './routes.js';
import { type Colours, coloursFor, type Terminal, widthOf } from './terminal.js';

/** The options that every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly as?: Role;
  readonly json?: true;
}

/** What a command works with. */
export interface Context {
  readonly terminal: Terminal;
  /** Answers for programs are wanted. */
  readonly json: boolean;
  /** Of the answers. */
  readonly colours: Colours;
  readonly width: number;
  clock(): Clock;
  /** Writes an answer to stdout. */
  answer(text: string): void;
  /** Writes progress to stderr. */
  say(text: string): void;
  /** The API, as whoever the command takes; says on stderr which key it chose. */
  as(role: Role): Client;
}

export function createContext(terminal: Terminal, options: GlobalOptions): Context {
  const { stdout, stderr, environment } = terminal;
  const quiet = coloursFor(stderr, environment);
  const say = (text: string) => void stderr.write(`${text}\n`);
  return {
    terminal,
    json: options.json === true,
    colours: coloursFor(stdout, environment),
    width: widthOf(stdout),
    clock: () => ({ now: terminal.now(), timeZone: terminal.timeZone }),
    answer: (text) => void stdout.write(`${text}\n`),
    say,
    as: (role) => {
      const connection = connectionFor(options.as ?? role, options, environment);
      if (connection.chosen !== null) say(quiet.dim(connection.chosen));
      return new Client(connection, terminal, say);
    },
  };
}

/** An answer as indented JSON. */
export const answerJson = (context: Context, value: unknown): void => context.answer(JSON.stringify(value, null, 2));
