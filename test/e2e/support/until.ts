import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 90_000;

/**
 * Asks again and again until the answer is neither null, false nor undefined, and gives it.
 * Rejects, naming what was awaited, when that takes too long.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  every = 100,
): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await pause(every)) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`Waited in vain for ${what}.`);
}
