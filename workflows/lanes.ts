import type { Region } from '../domain/ids.js';
import type { StageState } from './stage-state.js';

/** What each Region of a stage is at, and what the stage waits for with that: a window only while no Region has one open. */
export class Lanes {
  private readonly lanes = new Map<Region, number | 'running'>();
  private readonly stage: StageState;

  constructor(stage: StageState) {
    this.stage = stage;
  }

  /** `until` in milliseconds of the epoch. */
  async waits(region: Region, until: number): Promise<void> {
    this.lanes.set(region, until);
    await this.changed();
  }

  async runs(region: Region): Promise<void> {
    this.lanes.set(region, 'running');
    await this.changed();
  }

  async ends(region: Region): Promise<void> {
    this.lanes.delete(region);
    await this.changed();
  }

  private async changed(): Promise<void> {
    const lanes = [...this.lanes.values()];
    const openings = lanes.filter((lane) => lane !== 'running');
    if (lanes.length === 0) return;
    if (openings.length < lanes.length) await this.stage.patches();
    else await this.stage.waitsForWindow(Math.min(...openings));
  }
}
