/** From `wall` on (epoch milliseconds), fleet time runs `speed` times as fast, beginning at `fleet`. */
export interface ClockSegment {
  wall: number;
  fleet: number;
  speed: number;
}

/**
 * Two times. Wall time is everybody's: timestamps, credential expiry, rate limits. Fleet time is what nodes live in:
 * it runs `speed` times as fast, so that a 45-minute install takes 45 seconds at speed 60. Both are epoch milliseconds
 * and agree at the moment the fleet began. A change of speed reaches work that is already under way.
 */
export class FleetClock {
  readonly #segments: ClockSegment[];
  readonly #wallNow: () => number;
  #now: number;

  constructor(segments: ClockSegment[], wallNow: () => number) {
    this.#segments = segments;
    this.#wallNow = wallNow;
    this.#now = wallNow();
  }

  static begin(speed: number, wallNow: () => number): FleetClock {
    const wall = wallNow();
    return new FleetClock([{ wall, fleet: wall, speed }], wallNow);
  }

  get segments(): readonly ClockSegment[] {
    return this.#segments;
  }

  get speed(): number {
    return this.#last().speed;
  }

  /**
   * Reads the machine's clock. Time stands still from one tick to the next, so that all of a request happens at one
   * moment, after everything that was due by then; it never runs backwards, even if the machine's clock is set back.
   */
  tick(): void {
    this.#now = Math.max(this.#now, this.#wallNow());
  }

  /** The wall time of the last tick. */
  wall(): number {
    return this.#now;
  }

  /** The fleet time of the last tick. */
  fleet(): number {
    const { wall, fleet, speed } = this.#last();
    return fleet + Math.max(0, this.wall() - wall) * speed;
  }

  /** The wall time of a moment in fleet time; for a moment to come, at the present speed. */
  wallOf(fleet: number): number {
    const segment = this.#segments.findLast((each) => each.fleet <= fleet) ?? this.#first();
    return segment.wall + (fleet - segment.fleet) / segment.speed;
  }

  setSpeed(speed: number): void {
    this.#segments.push({ wall: this.wall(), fleet: this.fleet(), speed });
  }

  #first(): ClockSegment {
    return this.#segments[0] ?? { wall: 0, fleet: 0, speed: 1 };
  }

  #last(): ClockSegment {
    return this.#segments.at(-1) ?? this.#first();
  }
}
