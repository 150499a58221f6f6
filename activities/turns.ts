import { setTimeout as pause } from 'node:timers/promises';
import type { Location } from '../domain/ids.js';

/** A token bucket: `capacity` calls at once, `refill` more each second. */
export interface Rate {
  readonly capacity: number;
  readonly refill: number;
}

/**
 * Turns for calls whose rate AWS publishes, location by location, so that a crowd of them waits here and is not refused
 * there. Other workers and other people use the same rate: whoever is refused all the same says so, and all wait.
 */
export class Turns {
  private readonly rate: Rate;
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate) {
    this.rate = rate;
  }

  /** Resolves when it is this caller's turn, in the order of the callers. @throws the signal's reason when it is aborted */
  async take({ account, region }: Location, signal: AbortSignal): Promise<void> {
    const tokens = this.tokensOf(`${account}/${region}`) - 1;
    this.set(`${account}/${region}`, tokens);
    if (tokens < 0) await pause((-tokens / this.rate.refill) * 1000, undefined, { signal });
  }

  /** AWS refused a call: whoever comes next begins with an empty bucket. */
  refused({ account, region }: Location): void {
    const place = `${account}/${region}`;
    this.set(place, Math.min(0, this.tokensOf(place)));
  }

  private tokensOf(place: string): number {
    const { capacity, refill } = this.rate;
    const bucket = this.buckets.get(place);
    if (!bucket) return capacity;
    return Math.min(capacity, bucket.tokens + ((performance.now() - bucket.at) / 1000) * refill);
  }

  private set(place: string, tokens: number): void {
    this.buckets.set(place, { tokens, at: performance.now() });
  }
}
