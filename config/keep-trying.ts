import { setTimeout as delay } from 'node:timers/promises';

/** Seconds after each failure until the next try; the last one stays. */
const PAUSES = [0.5, 1, 2, 5, 10];

/**
 * Does something that others may not be ready for yet, again and again until it works; `tell` hears of every failure and
 * how long it is until the next try. There is no bound: a process that waits and says so is worth more than one that
 * starts and ends in turns, and readiness keeps traffic away meanwhile.
 * @param isFinal failures that trying again won't mend: they are thrown
 * @throws the signal's reason when it is aborted
 */
export async function keepTrying<T>(
  work: () => Promise<T>,
  tell: (failure: unknown, seconds: number) => void,
  signal: AbortSignal,
  isFinal: (failure: unknown) => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (failure) {
      if (isFinal(failure)) throw failure;
      const seconds = PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 10;
      tell(failure, seconds);
      await delay(seconds * 1_000, undefined, { signal });
    }
  }
}
