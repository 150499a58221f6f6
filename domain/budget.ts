import type { WaveSummary } from './manifest.js';

/*
 * Workflow code: replayed, so a change here needs the same care as a change to a workflow.
 */

export interface Room {
  readonly maxUnavailable: number;
  /** Nodes of batches in flight. */
  readonly outOfService: number;
  /** Nodes that failed and whose room nobody has given back. */
  readonly lost: number;
}

/** Whether so many nodes more may be taken out of service. */
export const hasRoom = ({ maxUnavailable, outOfService, lost }: Room, nodes: number): boolean =>
  outOfService + lost + nodes <= maxUnavailable;

/** How many failed, and of how many of those somebody has given the room back. */
interface Failures {
  failed: number;
  given: number;
}

interface WaveSoFar extends Failures {
  readonly wave: WaveSummary;
  readonly place: Failures;
  /** Its nodes have failed before, and count in their place until they are well. */
  readonly again: boolean;
  /** The nodes of its next batch, where it has no room for them and nothing of it is in flight. */
  needs: number;
}

/**
 * What the failures of a stage take of its disruption budgets. A node that failed or is out of reach may be out of service:
 * it keeps consuming the budget of its place (account, zone and window), in a later window too, until another try has
 * brought it back or a person has given its room back.
 */
export class Budget {
  private readonly places = new Map<string, Failures>();
  private readonly waves = new Map<number, WaveSoFar>();

  /** A wave is about to run; `again`: on nodes of its place that have failed before. */
  begins(wave: WaveSummary, again: boolean): void {
    if (this.waves.has(wave.number)) return;
    const key = JSON.stringify([wave.window, wave.account, wave.region, wave.zone]);
    const place = this.places.get(key) ?? { failed: 0, given: 0 };
    this.places.set(key, place);
    this.waves.set(wave.number, { wave, place, again, failed: 0, given: 0, needs: 0 });
  }

  /** So many nodes of the wave have failed so far; `needs` as above, 0 where it can go on. */
  reports(number: number, failed: number, needs: number): void {
    const wave = this.waves.get(number);
    if (!wave) return;
    if (!wave.again) wave.place.failed += failed - wave.failed;
    wave.failed = failed;
    wave.needs = needs;
  }

  /** The wave has ended, with so many nodes that have not failed; whether that may have made room for others. */
  ends(number: number, well: number): boolean {
    const wave = this.waves.get(number);
    this.waves.delete(number);
    if (!wave?.again) return false;
    const { place } = wave;
    place.failed = Math.max(0, place.failed - well);
    // Whose room was given back among them is not known: never more is given than was.
    place.given = Math.max(0, place.given - well);
    return true;
  }

  /** A person lets the stage go on with the failures that there are. */
  giveBack(): void {
    for (const failures of [...this.places.values(), ...this.waves.values()]) failures.given = failures.failed;
    for (const wave of this.waves.values()) wave.needs = 0;
  }

  /** How many nodes are lost to the wave. */
  lostTo(number: number): number {
    const wave = this.waves.get(number);
    if (!wave) return 0;
    const { failed, given } = wave.again ? wave : wave.place;
    return Math.max(0, failed - given);
  }

  /**
   * The first wave that only a person can make room for: nothing of it is in flight, and no failed node of its place is
   * being tried again.
   */
  withoutRoom(): { readonly wave: WaveSummary; readonly lost: number; readonly needs: number } | null {
    for (const each of this.waves.values()) {
      const { wave, needs, place } = each;
      const lost = this.lostTo(wave.number);
      if (needs === 0 || hasRoom({ maxUnavailable: wave.maxUnavailable, outOfService: 0, lost }, needs)) continue;
      const triedAgain = [...this.waves.values()].some(
        (other) => other !== each && other.again && other.place === place,
      );
      if (!triedAgain) return { wave, lost, needs };
    }
    return null;
  }
}
