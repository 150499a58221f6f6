import { isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { Digest, Instant } from '../domain/ids.js';
import type { WaveSummary } from '../domain/manifest.js';
import { healthChecking } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import type { Breaker } from './breaker.js';
import { reasonOf } from './reason.js';
import type { StageState } from './stage-state.js';

interface Patched {
  readonly wave: WaveSummary;
  readonly manifest: Digest;
}

/**
 * What lies between a zone and whatever of its Region comes next: the nodes are left alone for a while, then the plan's
 * checks have to find them well, within the time that the plan gives them. What is not well by then is a failure of the
 * stage, for a person or for `onFailure`. Costs nothing where the plan says nothing of health.
 */
export class HealthGate {
  private readonly stage: StageState;
  private readonly breaker: Breaker;
  /** How often each wave has been looked at. */
  private readonly looks = new Map<number, number>();
  /** How often somebody has wanted what failed to be tried again. */
  private retries = 0;
  private readonly open = new Set<string>();

  constructor(stage: StageState, breaker: Breaker) {
    this.stage = stage;
    this.breaker = breaker;
    breaker.whenRetried(() => {
      this.retries += 1;
    });
    stage.showsToo(() => [...this.open]);
  }

  /** Resolves when what was patched in a zone is well, a person has let it pass, or the stage is over. */
  async passes(zone: readonly Patched[]): Promise<void> {
    const { health } = this.stage.policy;
    const [first] = zone;
    if (health === null || first === undefined || this.breaker.over) return;
    const place = `${first.wave.zoneName ?? first.wave.zone} in ${first.wave.region}`;
    if (health.settle > 0)
      await this.showing(`Nodes settle: ${place}`, () => sleep(health.settle, { summary: `${place} settles` }));
    if (health.checks === 0) return;
    for (;;) {
      const unwell = await this.showing(`Health is checked: ${place}`, () => this.look(zone, health.within));
      if (unwell.length === 0) return;
      const { retries } = this;
      const { name } = this.stage.policy;
      await this.breaker.failed(`Stage ${name} is not healthy after ${place}: ${unwell.join(' · ')}`);
      await this.breaker.mayGoOn();
      if (this.breaker.over || this.retries === retries) return;
    }
  }

  private async look(zone: readonly Patched[], within: number): Promise<readonly string[]> {
    const until = new Date(Date.now() + within).toISOString() as Instant;
    const found = await Promise.all(zone.map((patched) => this.lookAt(patched, until)));
    // An address is the same for every wave of a zone.
    return [...new Set(found.flat())];
  }

  private async lookAt({ wave, manifest }: Patched, until: Instant): Promise<readonly string[]> {
    const look = (this.looks.get(wave.number) ?? 0) + 1;
    this.looks.set(wave.number, look);
    const request = {
      manifest,
      run: `${workflowInfo().workflowId}/health-${wave.number}`,
      wave: wave.number,
      look,
      until,
    };
    const summary = `health of ${wave.nodes} nodes in ${wave.zoneName ?? wave.zone} of ${wave.account}`;
    try {
      const { unwell } = await untilAwsAnswers(
        () => healthChecking.checkHealth.executeWithOptions({ summary }, [request]),
        (message) => this.stage.noteOutage(message),
      );
      return unwell;
    } catch (error) {
      if (isCancellation(error)) throw error;
      return [`could not be looked at: ${reasonOf(error)}`];
    }
  }

  private async showing<Result>(line: string, work: () => Promise<Result>): Promise<Result> {
    this.open.add(line);
    this.stage.show();
    try {
      return await work();
    } finally {
      this.open.delete(line);
      this.stage.show();
    }
  }
}
