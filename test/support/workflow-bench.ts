import { type WorkflowHandleWithFirstExecutionRunId, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DecisionMessage } from '../../domain/cycle.js';
import { type Digest, type PlanName, type StageName, workflowIds } from '../../domain/ids.js';
import type { WebhookEvent } from '../../domain/webhook.js';
import { type Places, WorkerOfBoth } from '../../worker/worker.js';
import { type CycleResult, decide, type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { requestFor } from './cycle-request.js';
import { fakeActivities } from './fake-activities.js';
import { FakeWorld } from './fake-world.js';
import { testBundle, timeSkippingTemporal } from './temporal.js';

export type CycleHandle = WorkflowHandleWithFirstExecutionRunId<PatchtideWorkflows['patchCycle']>;

/** A decision as a test writes it; by default `anna` approves. */
export interface DecisionScript {
  readonly stage: string;
  readonly manifest: string;
  readonly decision?: DecisionMessage['decision'];
  readonly by?: string;
  readonly reason?: string;
}

/** A worker that differs from the plain one. */
interface WorkerScript {
  readonly places?: Places;
  readonly bundle?: { readonly code: string };
  readonly build?: string;
}

/** A time-skipping server and a worker with the real workflows over a scripted world; one for each test file. */
export class WorkflowBench {
  readonly environment: TestWorkflowEnvironment;
  readonly world: FakeWorld;
  private readonly workers: { readonly worker: WorkerOfBoth; readonly running: Promise<void> }[] = [];
  private cycles = 0;

  /** By default over a server of its own that skips time. The bench closes the server. */
  static async open(server: () => Promise<TestWorkflowEnvironment> = timeSkippingTemporal): Promise<WorkflowBench> {
    const environment = await server();
    const bench = new WorkflowBench(environment, new FakeWorld(environment));
    await bench.startWorker();
    return bench;
  }

  private constructor(environment: TestWorkflowEnvironment, world: FakeWorld) {
    this.environment = environment;
    this.world = world;
  }

  async startWorker({ places, bundle, build }: WorkerScript = {}): Promise<void> {
    const worker = await WorkerOfBoth.create({
      connection: this.environment.nativeConnection,
      namespace: this.environment.namespace ?? 'default',
      bundle: bundle ?? (await testBundle()),
      activities: fakeActivities(this.world),
      payloadConverterPath: new URL('../../workflows/payload-converter.ts', import.meta.url).pathname,
      ...(places && { places }),
      ...(build && { build }),
    });
    this.workers.push({ worker, running: worker.run() });
  }

  /** Ends all workers: what is sent from here on waits for the next. */
  async stopWorker(): Promise<void> {
    const workers = this.workers.splice(0);
    for (const { worker } of workers) worker.shutdown();
    await Promise.all(workers.map(({ running }) => running));
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.environment.teardown();
  }

  get client() {
    return this.environment.client.workflow;
  }

  /** The first runs of the children of this type that a workflow has started. */
  async childrenOf(workflowId: string, type: string): Promise<{ workflowId: string; runId: string }[]> {
    const { events } = await this.client.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap((event) => {
      const started = event.childWorkflowExecutionStartedEventAttributes;
      if (started?.workflowType?.name !== type) return [];
      return [
        { workflowId: started.workflowExecution?.workflowId ?? '', runId: started.workflowExecution?.runId ?? '' },
      ];
    });
  }

  /**
   * Awaits a cycle's end, and does one thing after each webhook. The clock stands still until it is done: else the server,
   * which sees nobody but a person awaited, skips to the cycle's time-out before the person has answered.
   */
  async resultOf(
    cycle: CycleHandle,
    ...reactions: readonly ((event: WebhookEvent) => Promise<unknown>)[]
  ): Promise<CycleResult> {
    const { world } = this;
    world.stopAtWebhooks(reactions.length);
    const ended = cycle.result();
    for (const [index, react] of reactions.entries()) {
      const { event } = await world.until('webhook', (entry) => world.asked('webhook')[index] === entry);
      await react(event);
      await world.goOn();
    }
    return ended;
  }

  /** Sends a decision to a stage as the API does. */
  decide(cycle: CycleHandle, message: DecisionScript) {
    const stage = this.client.getHandle(workflowIds.stage(cycle.workflowId, message.stage as StageName));
    return stage.executeUpdate(decide, { args: [decisionOf(message)] });
  }

  /** Resolves when a stage has been told that its cycle is cancelled, and has taken it in. */
  async stageIsCancelled(cycle: CycleHandle, stage: string): Promise<void> {
    const handle = this.client.getHandle(workflowIds.stage(cycle.workflowId, stage as StageName));
    for (;;) {
      const events = (await handle.fetchHistory()).events ?? [];
      const told = events.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
      if (told >= 0 && events.slice(told).some((event) => event.workflowTaskCompletedEventAttributes)) return;
    }
  }

  /** Starts a cycle of a plan of its own, asked for by `olga`. Its clock stands still until its result is awaited. */
  startCycle(): Promise<CycleHandle> {
    this.cycles += 1;
    const plan = `plan-${this.cycles}` as PlanName;
    return this.client.start<PatchtideWorkflows['patchCycle']>('patchCycle', {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.cycle(plan, 1),
      args: [requestFor(plan)],
    });
  }
}

export const decisionOf = (script: DecisionScript): DecisionMessage => ({
  decision: 'approve',
  by: 'anna',
  reason: 'Looks right.',
  ...script,
  stage: script.stage as StageName,
  manifest: script.manifest as Digest,
});

/** The type of the refusal with which an update was rejected; fails the test where it was not. */
export async function refusalOf(update: Promise<unknown>): Promise<string | null | undefined> {
  try {
    await update;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    return error.cause.type;
  }
  throw new Error('The update was not refused.');
}
