import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { isStart, nextStarts, scheduleSpec } from '../../domain/calendar/starts.js';
import type { PlanStart } from '../../domain/documents/types.js';
import { type Instant, type PlanName, workflowIds } from '../../domain/ids.js';
import { TASK_QUEUE } from '../../workflows/messages.js';
import { Problem } from '../errors.js';
import { CALL_DEADLINE, type TemporalClient, within } from './client.js';
import { isNoSuchSchedule } from './trouble.js';

const PATCH_PLAN = defineSearchAttributeKey('PatchPlan', 'KEYWORD');

/** A plan's schedule as people see it. */
export interface PlanSchedule {
  readonly paused: boolean;
  /** Why it is paused, and by whom; null where nobody said anything. */
  readonly note: string | null;
  readonly nextTimes: readonly Instant[];
  readonly recent: readonly { readonly scheduledAt: Instant; readonly startedAt: Instant }[];
}

const NEXT_TIMES = 5;

const instant = (date: Date): Instant => date.toISOString() as Instant;

/** A plan with a `start` runs by itself through one Temporal Schedule; the document is the truth and the schedule follows it. */
export class PlanSchedules {
  readonly #client: TemporalClient;
  constructor(client: TemporalClient) {
    this.#client = client;
  }

  /** Makes the schedule what the plan says, and leaves a pause as it is. Writing twice is once. */
  async write(plan: PlanName, start: PlanStart, now: Instant): Promise<void> {
    const scheduleId = workflowIds.schedule(plan);
    const options = {
      spec: scheduleSpec(start, now),
      action: {
        type: 'startWorkflow' as const,
        workflowType: 'startPlannedCycle',
        workflowId: workflowIds.planStart(plan),
        taskQueue: TASK_QUEUE,
        args: [{ plan }],
      },
      policies: {
        // The action only reserves and starts a cycle; while one is at it, a second would find the plan busy.
        overlap: ScheduleOverlapPolicy.SKIP,
        // A start that is missed by more than an hour (an outage) is a person's decision: windows and announcements
        // were planned around the moment that has passed.
        catchupWindow: '1 hour',
        // A failed start says nothing about the next month's.
        pauseOnFailure: false,
      },
    };
    try {
      await this.#call(() =>
        this.#client.schedule.create({
          scheduleId,
          ...options,
          memo: { plan },
          typedSearchAttributes: [{ key: PATCH_PLAN, value: plan }],
        }),
      );
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await this.#call(() =>
        this.#client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...options, state })),
      );
    }
  }

  /** Removes the plan's schedule; that there is none is fine. */
  async remove(plan: PlanName): Promise<void> {
    try {
      await this.#call(() => this.#handle(plan).delete());
    } catch (error) {
      if (!isNoSuchSchedule(error)) throw error;
    }
  }

  async pause(plan: PlanName, note: string): Promise<void> {
    await this.#existing(plan, () => this.#handle(plan).pause(note));
  }

  async resume(plan: PlanName, note: string): Promise<void> {
    await this.#existing(plan, () => this.#handle(plan).unpause(note));
  }

  /** The Schedule fires at candidates and its workflow asks which of them are starts, so the times are the plan's own. */
  async read(plan: PlanName, start: PlanStart, now: Instant): Promise<PlanSchedule> {
    const { state, info } = await this.#existing(plan, () => this.#handle(plan).describe());
    return {
      paused: state.paused,
      note: state.note || null,
      nextTimes: nextStarts(start, now, NEXT_TIMES),
      recent: info.recentActions
        .map(({ scheduledAt, takenAt }) => ({ scheduledAt: instant(scheduledAt), startedAt: instant(takenAt) }))
        .filter(({ scheduledAt }) => isStart(start, scheduledAt)),
    };
  }

  async #existing<R>(plan: PlanName, call: () => Promise<R>): Promise<R> {
    try {
      return await this.#call(call);
    } catch (error) {
      if (!isNoSuchSchedule(error)) throw error;
      throw new Problem('no-schedule', `Plan ${plan} has no schedule: it is started by hand.`, { cause: error });
    }
  }

  #handle(plan: PlanName) {
    return this.#client.schedule.getHandle(workflowIds.schedule(plan));
  }

  #call<R>(call: () => Promise<R>): Promise<R> {
    return within(this.#client, CALL_DEADLINE, call);
  }
}
