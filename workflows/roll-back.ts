import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { RollbackBatchRecord, RollbackStep } from '../activities/roll-back.js';
import type { RollbackWave } from '../activities/rollback-ports.js';
import type { Instant } from '../domain/ids.js';
import { recording, recordingRollbacks, rollingBack } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { announce } from './deliver-webhook.js';
import { OperationWatch } from './operations.js';
import { setPhase } from './phase.js';
import { Projections } from './projections.js';
import { reasonOf } from './reason.js';
import type { RollbackInput, RollbackProgress, RollbackResult } from './rollback-messages.js';

/** How long a batch waits for nodes that another cycle has in hand, and how often it asks. */
const HELD_PATIENCE = 4 * 60 * 60_000;
const HELD_PAUSE = 60_000;

/**
 * Brings nodes of a cycle back to the root volumes that they had before: wave by wave in the reverse of the order in which
 * they were patched, batch by batch, with no more nodes out of service than the plan allows. Nodes that do not come back
 * count among these to the end; where they leave no room, nothing more begins, and the others keep what they have.
 */
export async function rollBackNodes(input: RollbackInput): Promise<RollbackResult> {
  const rollback = new Rollback(input);
  setPhase('rolling-back');
  try {
    for (const wave of await rollback.waves()) {
      if (!rollback.mayGoOn) break;
      if (workflowInfo().continueAsNewSuggested) return await rollback.continueAsNew();
      await rollback.rollBackWave(wave);
    }
  } catch (error) {
    rollback.broke(error);
  }
  return CancellationScope.nonCancellable(() => rollback.ended());
}

class Rollback {
  private readonly input: RollbackInput;
  private readonly id: { readonly cycle: RollbackInput['request']['cycle']; readonly number: number };
  private readonly cancellation = CancellationScope.current();
  private readonly projections = new Projections();
  private progress: RollbackProgress;
  private operations: OperationWatch | null = null;
  private readonly inFlight = new Map<number, { readonly nodes: number; step: string }>();
  private wave: RollbackWave | null = null;
  private outage: string | null = null;
  /** Why nothing more begins. */
  private stopped: string | null = null;

  constructor(input: RollbackInput) {
    this.input = input;
    this.id = { cycle: input.request.cycle, number: input.number };
    this.progress = input.progress;
  }

  get mayGoOn(): boolean {
    if (this.cancellation.consideredCancelled) this.stopped ??= 'the rollback was cancelled';
    return this.stopped === null;
  }

  /** Those in which something has still to go back. */
  async waves(): Promise<readonly RollbackWave[]> {
    return (await recordingRollbacks.rollbackWaves(this.id)).waves;
  }

  async rollBackWave(wave: RollbackWave): Promise<void> {
    this.wave = wave;
    const outage = { note: (message: string | null) => this.noteOutage(message) };
    const at = { account: wave.account, region: wave.region };
    // Watches are told apart by their number, over all locations.
    this.operations = new OperationWatch(workflowInfo().workflowId, at, outage, this.progress.watches);
    const batches: Promise<void>[] = [];
    for (const { number, nodes } of wave.batches) {
      // A batch alone always fits, unless nodes were lost.
      const fits = () =>
        this.outOfService + nodes <= Math.max(wave.maxUnavailable, this.progress.lost === 0 ? nodes : 0);
      await condition(() => fits() || this.inFlight.size === 0 || !this.mayGoOn);
      if (!this.mayGoOn) break;
      if (!fits()) {
        this.stopped = `${this.progress.lost} nodes that the rollback took out of service did not come back, which leaves no room in the wave (at most ${wave.maxUnavailable})`;
        break;
      }
      this.inFlight.set(number, { nodes, step: 'begins' });
      this.show();
      batches.push(this.rollBackBatch(wave, number).finally(() => this.inFlight.delete(number)));
    }
    await Promise.all(batches);
    this.progress = { ...this.progress, watches: this.operations.count };
    this.show();
  }

  broke(error: unknown): void {
    if (!this.mayGoOn) return;
    this.stopped = `something went wrong: ${reasonOf(error)}`;
  }

  async continueAsNew(): Promise<never> {
    await this.projections.written();
    await condition(allHandlersFinished);
    return continueAsNew<typeof rollBackNodes>({ ...this.input, progress: this.progress });
  }

  async ended(): Promise<RollbackResult> {
    const now = new Date(Date.now()).toISOString() as Instant;
    const reasonForRest = `Left as it is: ${this.stopped ?? 'nothing was begun on it'}.`;
    const { status, message } = await recordingRollbacks.endRollback({ ...this.id, reasonForRest, now });
    setPhase('ended');
    this.show();
    const why = this.stopped === null ? '' : ` It stopped, since ${this.stopped}.`;
    return { status: status === 'rolled-back' ? 'rolled-back' : 'failed', message: `${message}.${why}` };
  }

  /** Once its nodes are given to it, a batch is gone through to its record, whatever happens. */
  private rollBackBatch(wave: RollbackWave, batch: number): Promise<void> {
    return CancellationScope.nonCancellable(async () => {
      try {
        if (!(await this.begin(wave, batch))) return;
        for (const step of ['restore', 'agent-back', 'boot-after', 'scan'] as const) await this.step(wave, batch, step);
      } catch (error) {
        this.broke(error);
      }
      await this.record(wave, batch).catch((error: unknown) => this.broke(error));
    });
  }

  /** Waits for nodes that another cycle has; false where they are not given within hours. */
  private async begin(wave: RollbackWave, batch: number): Promise<boolean> {
    for (let waited = 0; ; waited += HELD_PAUSE) {
      const heldBy = await this.step(wave, batch, 'boot-before');
      if (heldBy.length === 0) return true;
      if (waited >= HELD_PATIENCE || !this.mayGoOn) {
        this.stopped ??= `${heldBy.join(', ')} has had nodes of it in hand for hours`;
        return false;
      }
      await sleep(HELD_PAUSE, { summary: `Until ${heldBy[0]} has given its nodes back`.slice(0, SUMMARY) });
    }
  }

  /** Sends a step and follows it to its end; who has some of the nodes instead. */
  private async step(wave: RollbackWave, batch: number, step: RollbackStep): Promise<readonly string[]> {
    const flight = this.inFlight.get(batch);
    if (flight) flight.step = step;
    this.show();
    const summary = `${step}: ${wave.stage}, wave ${wave.wave}, batch ${batch} (${flight?.nodes ?? 0} nodes)`;
    const request = { ...this.placeOf(wave, batch), run: workflowInfo().workflowId, step };
    const begun = await untilAwsAnswers(
      () => rollingBack.beginRollbackStep.executeWithOptions({ summary }, [request]),
      (message) => this.noteOutage(message),
    );
    if (begun.key !== null) await this.operations?.end(begun.key);
    return begun.heldBy;
  }

  private async record(wave: RollbackWave, batch: number): Promise<void> {
    const recorded: RollbackBatchRecord = await untilAwsAnswers(
      () => rollingBack.recordRollback(this.placeOf(wave, batch)),
      (message) => this.noteOutage(message),
    );
    const { rolledBack, failed, lost, detached } = recorded;
    this.progress = {
      ...this.progress,
      rolledBack: this.progress.rolledBack + rolledBack,
      failed: this.progress.failed + failed,
      lost: this.progress.lost + lost,
    };
    if (detached.length === 0) return;
    const message = `${detached.join(', ')} ${detached.length === 1 ? 'has' : 'have'} no root volume: EC2 took the old one off and could not attach another. Attach a root volume by hand.`;
    const mark = `rollback-${this.id.number}-w${wave.wave}-b${batch}`;
    await announce(
      'node-without-root-volume',
      this.input.request,
      { stage: wave.stage, manifest: null, until: null, message },
      mark,
    );
  }

  private placeOf(wave: RollbackWave, batch: number) {
    const { stage, account, region } = wave;
    return { ...this.id, stage, wave: wave.wave, batch, at: { account, region } };
  }

  private get outOfService(): number {
    return this.progress.lost + [...this.inFlight.values()].reduce((sum, { nodes }) => sum + nodes, 0);
  }

  private async noteOutage(message: string | null): Promise<void> {
    this.outage = message;
    setPhase(message === null ? 'rolling-back' : 'waiting-aws');
    this.show();
    const stage = this.wave?.stage ?? null;
    const { cycle } = this.id;
    await this.projections.write(() => recording.noteOutage({ cycle, stage, wave: null, message }));
  }

  /** What an operator sees in the Temporal UI. */
  private show(): void {
    const { rolledBack, failed, lost } = this.progress;
    const { wave } = this;
    const lines = [
      `Rollback ${this.id.number} of **${this.id.cycle}**: ${rolledBack} nodes rolled back, ${failed} failed, ${lost} of them out of service`,
      ...(wave
        ? [
            `Stage ${wave.stage}, wave ${wave.wave}: ${wave.zone} of ${wave.account} in ${wave.region}, at most ${wave.maxUnavailable} out of service`,
          ]
        : []),
      ...(this.outage ? [`**Waits for AWS**: ${this.outage}`] : []),
      ...(this.stopped ? [`**Nothing more begins**: ${this.stopped}`] : []),
      ...[...this.inFlight].map(([batch, { nodes, step }]) => `- batch ${batch} (${nodes} nodes): ${step}`),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}

/** In characters: Temporal takes 400 bytes. */
const SUMMARY = 120;
