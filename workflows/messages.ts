import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CycleRequest, CycleStatus, DecisionMessage, WaitingFor } from '../domain/cycle.js';
import type { DoctorReport, DoctorRequest } from '../domain/doctor/report.js';
import type { Halt } from '../domain/halt.js';
import type { CycleId, Instant, Location, PlanName, StageName } from '../domain/ids.js';
import type { Import, ImportRequest } from '../domain/import/import.js';
import type { Preview } from '../domain/preview.js';
import type { Readmission } from '../domain/set-aside.js';
import type { RollbackInput, RollbackResult } from './rollback-messages.js';

/*
 * What the outside and the workflows say to each other. Shared with clients: nothing here runs.
 * `decideStage` is the contract with people who answer from Temporal's CLI or UI; the other names are ours.
 */

export const TASK_QUEUE = 'patchtide';
/** Watches alone: they wait, and must not take the places of what is to be done. Every worker serves both. */
export const WATCH_TASK_QUEUE = 'patchtide-watch';

/** Search attributes, typed Keyword; plain text, so nothing secret goes in. `PatchPhase` says what is being done or waited for. */
export const SEARCH_ATTRIBUTES = ['PatchPlan', 'PatchStage', 'PatchPhase', 'AwsAccountId', 'AwsRegion'] as const;

/** Workflow types, as a client starts them. */
export interface PatchtideWorkflows {
  /** Id `patch-cycle/<plan>/<number>`. */
  patchCycle(request: CycleRequest): Promise<CycleResult>;
  /** Id `fleet-scan/<id>`. */
  scanFleet(request: FleetScanRequest): Promise<FleetScanResult>;
  /** Id `snapshot-expiry/daily-…`, from the daily Schedule. */
  expireSnapshots(): Promise<SnapshotExpiry>;
  /** Id `<cycle's workflow>/rollback/<number>`. */
  rollBackNodes(input: RollbackInput): Promise<RollbackResult>;
  /** Id `readmit/<id>`. */
  readmitNode(readmission: Readmission): Promise<void>;
  /** Short: what a cycle of the plan would do if it started now. */
  previewPlan(request: { readonly plan: PlanName }): Promise<Preview>;
  /** Short: what works in the registered accounts. */
  examineAccounts(request: DoctorRequest): Promise<DoctorReport>;
  /** Short: documents for what AWS does today. */
  importEstate(request: ImportRequest): Promise<Import>;
  /** What a plan's schedule starts: reserves the next cycle and leaves it running. */
  startPlannedCycle(request: { readonly plan: PlanName }): Promise<string>;
}

export interface CycleResult {
  readonly status: CycleStatus;
  readonly message: string;
}

export interface SnapshotExpiry {
  readonly deleted: number;
  /** Of the volumes of what was deleted. */
  readonly gib: number;
  /** Snapshots of ours that are not past their retention, or that something still needs. */
  readonly kept: number;
  /** What could not be done; the next day tries again. */
  readonly problems: readonly string[];
}

export interface FleetScanRequest {
  /** Null where a schedule starts it: then it is what follows `fleet-scan/` in the workflow's id. */
  readonly id: string | null;
  readonly requestedBy: string;
  /** Null: every registered account and Region. */
  readonly locations: readonly Location[] | null;
}
/** `scanned + busy + unknown = nodes`: those that were found. */
export interface FleetScanResult {
  readonly nodes: number;
  readonly scanned: number;
  /** Left alone, since a cycle is at work on them: they keep what their last scan said, until the cycle has scanned them. */
  readonly busy: number;
  readonly unknown: number;
  readonly problems: readonly string[];
}

/**
 * To a cycle, from Temporal's CLI or UI: `{stage, decision, by, reason, manifest}`.
 * What is malformed, late, or not allowed is ignored and noted on the cycle.
 */
export const decideStage = defineSignal<[unknown]>('decideStage');

/**
 * To the stage (`patch-cycle/<plan>/<number>/<stage>`), from the API: refused, with an ApplicationFailure of one of
 * REFUSALS as its type, where the decision does not count.
 */
export const decide = defineUpdate<{ decided: 'approved' | 'rejected' | 'counted'; at: Instant }, [DecisionMessage]>(
  'decide',
);

/** To a cycle, from the API: who steers, and why. */
export interface Steering {
  readonly by: string;
  readonly reason: string;
}
export const pause = defineUpdate<void, [Steering]>('pause');
export const resume = defineUpdate<void, [Steering]>('resume');
export const cancel = defineUpdate<void, [Steering]>('cancel');

/**
 * To a cycle that asks, from the API: `retry-failed` tries the failed nodes again and goes on, `continue` goes on without
 * that, `stop` begins nothing more, `rollback` neither, and brings back what the stage has changed. Refused with `not-waiting` where nothing is asked.
 */
export const answer = defineUpdate<void, [Answer]>('answer');
export const ANSWERS = ['retry-failed', 'continue', 'stop', 'rollback'] as const;
export type AnswerAction = (typeof ANSWERS)[number];
export interface Answer extends Steering {
  readonly action: AnswerAction;
}
export const isAnswer = (action: string): action is AnswerAction => (ANSWERS as readonly string[]).includes(action);

/** To every running cycle, from the API: nothing new begins, whoever else has paused it. */
export const halt = defineSignal<[Halt]>('halt');
/** To every running cycle, from the API: the halt of that number is lifted, and so is every one before it. */
export const unhalt = defineSignal<[Unhalt]>('unhalt');
export interface Unhalt extends Steering {
  readonly number: number;
}

/** From a cycle to what goes on of the plan's earlier ones: it takes their nodes over. */
export const takeOver = defineSignal<[{ readonly cycle: CycleId }]>('takeOver');

/** Types of the ApplicationFailures with which updates are refused; the API answers 409 (403 for `own-request`, 400 for `malformed`). */
export const REFUSALS = [
  'malformed',
  'not-waiting',
  'other-manifest',
  'own-request',
  'already-decided',
  'already-paused',
  'not-paused',
  'halted',
  'ended',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** From a cycle to its stage. */
export const setPaused = defineSignal<[StagePause]>('setPaused');
export interface StagePause {
  readonly paused: boolean;
  /** The number of the stage's last question that the cycle has heard of: going on answers it and those before it, no later one. */
  readonly answered: number;
}
/** From a cycle to its stage: an operator's answer to its questions up to the one of that number. */
export const answerStage = defineSignal<[StageAnswer]>('answerStage');
export interface StageAnswer extends Answer {
  readonly answered: number;
}
/**
 * From a wave to its stage: totals of the wave so far, after a batch in which something is worth knowing, and where its
 * failures leave no room for the next batch.
 */
export const waveProgress = defineSignal<[WaveReport]>('waveProgress');
export interface WaveReport {
  readonly wave: number;
  readonly failed: number;
  readonly surplus: number;
  /** The nodes of the next batch, where it has no room and nothing is in flight that could make some; else 0. */
  readonly needs: number;
}
/**
 * From a stage to its wave. `failed` is how many failures of that wave the stage has heard of: a wave that has reported
 * more begins nothing before the stage has judged them. `lost` is how many nodes failed before and keep consuming the
 * wave's disruption budget.
 */
export const steerWave = defineSignal<[WaveSteering]>('steerWave');
export interface WaveSteering {
  readonly paused: boolean;
  readonly failed: number;
  readonly lost: number;
}
/** From a cycle to its stage: a decision that came as a signal and could be read. */
export const decideBySignal = defineSignal<[DecisionMessage]>('decideBySignal');
/** From a stage to its cycle: too many failures, or a gate that did not pass. */
export const askOperator = defineSignal<[Question]>('askOperator');
export interface Question {
  readonly stage: StageName;
  /** From 1 in each stage. */
  readonly number: number;
  readonly reason: string;
}

/** A cycle's own view of itself; the store's projection is what lists are read from. */
export const cycleState = defineQuery<CycleState>('cycleState');
export interface CycleState {
  readonly status: CycleStatus;
  readonly stage: StageName | null;
  readonly waitingFor: WaitingFor | null;
  readonly notes: readonly string[];
}

/** The wave's own view: nodes by step, for an operator who asks in the Temporal UI. */
export const waveState = defineQuery<WaveState>('waveState');
export interface WaveState {
  readonly paused: boolean;
  readonly batches: readonly { readonly number: number; readonly nodes: number; readonly step: string }[];
  readonly done: number;
  readonly failed: number;
}
