import { ApiProblem, CommandError, type ProblemAnswer } from './errors.js';
import { wrapped } from './render/text.js';
import type { Colours } from './terminal.js';

/** A fault for people: what is wrong, where, what was expected, the code, and what to do next. Ends with a line feed. */
export function explained(error: CommandError, colours: Colours, width: number): string {
  const lines =
    error instanceof ApiProblem
      ? [
          colours.red(colours.bold(error.problem.title)),
          ...(error.problem.faults.length > 0 ? [] : indented(error.message, width)),
          ...error.problem.faults.flatMap((fault) => faultLines(fault, colours, width)),
          colours.dim(`  ${error.problem.code}, ${error.problem.status}`),
        ]
      : error.message === ''
        ? []
        : [colours.red(colours.bold(error.message))];
  const advice = error.advice === '' ? [] : indented(error.advice, width);
  return `${[...lines, ...advice].join('\n')}\n`;
}

const indented = (text: string, width: number): readonly string[] =>
  wrapped(text, width - 2).map((line) => `  ${line}`);

type Fault = ProblemAnswer['faults'][number];

const faultLines = (
  { document, path, message, expected, found, nearest, example }: Fault,
  colours: Colours,
  width: number,
): readonly string[] => [
  `  ${colours.bold([document, path].filter(Boolean).join(': ') || 'The whole')}: ${message}`,
  ...(
    [
      ['expected', expected],
      ['found', found],
      ['meant', nearest],
      ['example', example],
    ] as const
  ).flatMap(([name, text]) =>
    text === undefined
      ? []
      : wrapped(text, width - 14).map((line, at) => `    ${colours.dim((at === 0 ? name : '').padEnd(9))} ${line}`),
  ),
];

/** For `--json`: a problem as the API told it, anything else in the same form. */
export const asJson = (error: CommandError): object =>
  error instanceof ApiProblem
    ? error.problem
    : { title: error.message, detail: error.message, advice: error.advice, exitCode: error.exitCode };

/** Anything that was thrown, as something that can be explained. */
export const asCommandError = (error: unknown): CommandError =>
  error instanceof CommandError
    ? error
    : new CommandError(
        `Something is wrong in the command line: ${error instanceof Error ? error.message : String(error)}`,
        'Please report it, with the command that you gave.',
        undefined,
        error,
      );
