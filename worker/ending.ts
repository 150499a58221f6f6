const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;
/** A terminal and npm may each pass on the same Ctrl-C. */
const SAME_REQUEST = 1_000;

/** Aborted by the first request to end this process; another one, later, ends it at once with 128 and the signal's number. */
export function requestToEnd(): AbortSignal {
  const request = new AbortController();
  let askedAt = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      if (!request.signal.aborted) {
        askedAt = Date.now();
        request.abort(new Error('Asked to end.'));
      } else if (Date.now() - askedAt > SAME_REQUEST) process.exit(128 + SIGNALS[name]);
    });
  return request.signal;
}
