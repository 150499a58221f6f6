import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TemporalClient } from '../../api/temporal/client.js';
import type { Refusal } from '../../workflows/messages.js';

interface Run {
  readonly type: string;
  readonly options: WorkflowStartOptions;
  status: 'RUNNING' | 'COMPLETED' | 'TERMINATED';
}

/** An update as a workflow receives it. */
export interface SentUpdate {
  readonly workflowId: string;
  readonly name: string;
  readonly argument: unknown;
  readonly updateId: string;
}

const approves = (_update: SentUpdate): unknown => ({ decided: 'approved', at: '2026-11-20T09:00:00.000Z' });

/** A Temporal server that remembers what it was asked, and answers what a test tells it to. */
export class FakeTemporal {
  runs = new Map<string, Run>();
  /** Ids of the runs that were begun, in order. */
  starts: string[] = [];
  schedules = new Map<string, { options: ScheduleOptions; paused: boolean; note?: string }>();
  /** The updates that counted. */
  updates: SentUpdate[] = [];
  /** The signals that arrived. */
  signals: { readonly workflowId: string; readonly name: string; readonly argument: unknown }[] = [];
  /** What an update of a run is answered with; throws to refuse. */
  onUpdate = approves;
  /** What a run of this type comes to. */
  results = new Map<string, () => unknown>();
  outOfReach = false;

  reset(): void {
    Object.assign(this, {
      runs: new Map(),
      starts: [],
      schedules: new Map(),
      updates: [],
      signals: [],
      onUpdate: approves,
      results: new Map(),
      outOfReach: false,
    });
  }

  /** A run that somebody else began, such as a stage's by its cycle. */
  addRun(workflowId: string, status: Run['status'] = 'RUNNING'): void {
    this.runs.set(workflowId, {
      type: 'patchStage',
      options: { workflowId, taskQueue: 'patchtide', args: [] },
      status,
    });
  }

  end(workflowId: string, status: Run['status']): void {
    this.#run(workflowId).status = status;
  }

  get client(): TemporalClient {
    const client = {
      workflow: { start: this.#start, getHandle: this.#workflow },
      schedule: { create: this.#createSchedule, getHandle: this.#schedule },
      connection: { workflowService: { getSystemInfo: async () => this.#systemInfo() } },
      withDeadline: <R>(_deadline: number | Date, call: () => Promise<R>) => call(),
    };
    return client as unknown as Pick<Client, 'workflow' | 'schedule' | 'connection' | 'withDeadline'>;
  }

  #systemInfo(): object {
    this.#reach();
    return { serverVersion: '1.32.0' };
  }

  #reach(): void {
    if (this.outOfReach) throw unavailable();
  }

  readonly #start = async (type: string, options: WorkflowStartOptions): Promise<void> => {
    this.#reach();
    const { workflowId } = options;
    const known = this.runs.get(workflowId);
    if (known?.status === 'RUNNING') return;
    if (known) throw new WorkflowExecutionAlreadyStartedError('Workflow execution already started', workflowId, type);
    this.starts.push(workflowId);
    this.runs.set(workflowId, { type, options, status: 'RUNNING' });
  };

  readonly #workflow = (workflowId: string) => ({
    describe: async () => {
      this.#reach();
      return { status: { name: this.#run(workflowId).status } };
    },
    result: async () => {
      this.#reach();
      return this.results.get(this.#run(workflowId).type)?.();
    },
    signal: async ({ name }: { name: string }, argument: unknown) => {
      this.#reach();
      if (this.#run(workflowId).status !== 'RUNNING') throw new WorkflowNotFoundError('ended', workflowId, undefined);
      this.signals.push({ workflowId, name, argument });
    },
    executeUpdate: async (update: { name: string }, { args, updateId }: { args: [unknown]; updateId: string }) => {
      this.#reach();
      this.#run(workflowId);
      const sent = { workflowId, name: update.name, argument: args[0], updateId };
      const answer = await this.onUpdate(sent);
      this.updates.push(sent);
      return answer;
    },
  });

  #run(workflowId: string): Run {
    const run = this.runs.get(workflowId);
    if (!run) throw new WorkflowNotFoundError('workflow not found', workflowId, undefined);
    return run;
  }

  readonly #createSchedule = async (options: ScheduleOptions): Promise<void> => {
    this.#reach();
    if (this.schedules.has(options.scheduleId)) throw new ScheduleAlreadyRunning('exists', options.scheduleId);
    this.schedules.set(options.scheduleId, { options, paused: false });
  };

  readonly #schedule = (scheduleId: string) => {
    const existing = () => {
      this.#reach();
      const schedule = this.schedules.get(scheduleId);
      if (!schedule) throw new ScheduleNotFoundError('not found', scheduleId);
      return schedule;
    };
    return {
      describe: async () => {
        const { paused, note } = existing();
        return { state: { paused, note }, info: { recentActions: [], nextActionTimes: [] } };
      },
      update: async (change: (previous: unknown) => object) => {
        const schedule = existing();
        const changed = change({ state: { paused: schedule.paused, note: schedule.note } });
        schedule.options = { ...schedule.options, ...changed };
      },
      delete: async () => {
        existing();
        this.schedules.delete(scheduleId);
      },
      pause: async (note: string) => Object.assign(existing(), { paused: true, note }),
      unpause: async (note: string) => Object.assign(existing(), { paused: false, note }),
    };
  };
}

/** What a server that does not answer looks like to its client. */
export const unavailable = (): ServiceError =>
  new ServiceError('Failed to reach Temporal', {
    cause: Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'no connection', metadata: {} }),
  });

/** What an update that no worker takes in time looks like. */
export const unanswered = () =>
  new WorkflowUpdateRPCTimeoutOrCancelledError('Workflow Update did not complete in time');

/** A workflow's refusal of an update, as it arrives at the client. */
export const refusal = (type: Refusal, message: string): WorkflowUpdateFailedError =>
  new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.nonRetryable(message, type));
