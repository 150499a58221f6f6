const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal, npm and the launcher may each pass on the same Ctrl-C. */
const SAME_REQUEST = 1_000;

/**
 * Aborted by the first request to end this process. Another one, later, ends it at once; its parts then end by themselves.
 * Once called, no signal ends the process by itself.
 */
export function requestToEnd(): AbortSignal {
  const request = new AbortController();
  let askedAt = 0;
  for (const name of SIGNALS)
    process.on(name, () => {
      if (!request.signal.aborted) {
        askedAt = Date.now();
        request.abort(new Error('Ended on request.'));
      } else if (Date.now() - askedAt > SAME_REQUEST) process.exit(130);
    });
  return request.signal;
}

/** Runs a command: a failure is told in a sentence, without a stack trace, and makes the exit code 1. */
export async function reported(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (failure) {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    process.exitCode = 1;
  }
}
