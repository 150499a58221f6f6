/** With the numbers that an exit code tells them by. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** A terminal, npm and a launcher may each pass on the same Ctrl-C. */
const SAME_REQUEST = 1_000;

/**
 * Aborted by the first request to end this process; another one, later, ends it at once with 128 and the signal's number.
 * Once called, no signal ends the process by itself.
 */
export function requestToEnd(): AbortSignal {
  const request = new AbortController();
  let askedAt = 0;
  for (const [name, number] of Object.entries(SIGNALS))
    process.on(name, () => {
      if (!request.signal.aborted) {
        askedAt = Date.now();
        request.abort(new Error('Ended on request.'));
      } else if (Date.now() - askedAt > SAME_REQUEST) process.exit(128 + number);
    });
  return request.signal;
}
