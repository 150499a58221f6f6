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
  #latest = 0;

  constructor(segments: ClockSegment[], wallNow: () => number) {
    this.#segments = segments;
    this.#wallNow = wallNow;
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

  /** The wall time; it never runs backwards, even if the machine's clock is set back. */
  wall(): number {
    this.#latest = Math.max(this.#latest, this.#wallNow());
    return this.#latest;
  }

  /** The fleet time of now. */
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
