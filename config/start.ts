import { ConfigurationError } from './read.js';

/** How our processes end, for whoever starts them again. */
export const EXIT = {
  /** Ended because it was asked to. */
  asked: 0,
  /** Something broke: starting it again may help. */
  failed: 1,
  /** EX_CONFIG of sysexits.h: a person must change something first, and standard error says what, a line for each fault. */
  configuration: 78,
} as const;

/** Runs a process; a bad configuration is told in lines alone, without a stack trace, and makes the exit code 78. */
export async function startOrRefuse(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (failure) {
    if (!(failure instanceof ConfigurationError)) throw failure;
    process.stderr.write(`${failure.message}\n`);
    process.exitCode = EXIT.configuration;
  }
}
