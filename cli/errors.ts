import type { z } from 'zod';
import type { problem } from '../api/schemas/problem.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Something that ends a command, in words for the person who gave it. `advice` says what to do next. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly advice: string;
  readonly exitCode: ExitCode;
  constructor(message: string, advice: string, exitCode: ExitCode = EXIT.fault, cause?: unknown) {
    super(message, { cause });
    this.advice = advice;
    this.exitCode = exitCode;
  }
}

export type ProblemAnswer = z.infer<typeof problem>;

/** The API refused, with a problem (RFC 9457). Its code is one of the API's own, documented in docs/errors.md. */
export class ApiProblem extends CommandError {
  override readonly name = 'ApiProblem';
  readonly problem: ProblemAnswer;
  constructor(problem: ProblemAnswer) {
    const denied = problem.status === 401 || problem.status === 403;
    super(problem.detail, problem.advice, denied ? EXIT.notAllowed : EXIT.fault);
    this.problem = problem;
  }
}

/** The API did not answer, or not as an API of Patchtide does. */
export class NoAnswer extends CommandError {
  override readonly name = 'NoAnswer';
}

/** The person pressed Ctrl-C. */
export class Interrupted extends CommandError {
  override readonly name = 'Interrupted';
  constructor(message = 'Interrupted.', advice = '') {
    super(message, advice, EXIT.interrupted);
  }
}
