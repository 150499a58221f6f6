import type { CycleId, Digest, Instant, PlanName, StageName } from './ids.js';

export const CYCLE_STATUSES = [
  'running',
  'paused',
  'completed',
  'completed-with-failures',
  'failed',
  'rejected',
  'cancelled',
  'rolled-back',
] as const;
export type CycleStatus = (typeof CYCLE_STATUSES)[number];
export const hasEnded = (status: CycleStatus): boolean => status !== 'running' && status !== 'paused';

export const STAGE_STATUSES = [
  'pending',
  'preparing',
  'waiting',
  'patching',
  'soaking',
  'harvesting',
  'completed',
  'completed-with-failures',
  'failed',
  'rejected',
  'cancelled',
  'rolled-back',
] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

export const WAVE_STATUSES = [
  'pending',
  'patching',
  'waiting-aws',
  'paused',
  'completed',
  'completed-with-failures',
  'cut-off',
  'cancelled',
  /** Its workflow failed, or was terminated by hand: nobody knows what became of the nodes that it had touched. */
  'failed',
] as const;
export type WaveStatus = (typeof WAVE_STATUSES)[number];

export const OUTCOMES = [
  'patched',
  'already-compliant',
  'failed',
  'unreachable',
  'set-aside',
  'rolled-back',
  'exempt',
  'carried-over',
  'skipped',
  'gone',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A wave, or a stage, that has ended stays so. */
const GOING_ON: readonly (StageStatus | WaveStatus)[] = [
  'pending',
  'preparing',
  'waiting',
  'waiting-aws',
  'paused',
  'patching',
  'soaking',
  'harvesting',
];
export const isOver = (status: StageStatus | WaveStatus): boolean => !GOING_ON.includes(status);

/** Outcomes that count as failures of a stage: somebody has to look at the node. */
export const isFailure = (outcome: Outcome): boolean =>
  outcome === 'failed' || outcome === 'unreachable' || outcome === 'set-aside' || outcome === 'rolled-back';

/** What a cycle waits for, so that nobody has to guess. `message` is a sentence for people. */
export interface WaitingFor {
  readonly kind: 'approval' | 'window' | 'freeze' | 'soak' | 'operator' | 'aws';
  /** Null before the first stage has begun. */
  readonly stage: StageName | null;
  readonly until: Instant | null;
  readonly manifest: Digest | null;
  readonly message: string;
}

/** A person's answer to a manifest. */
export interface DecisionMessage {
  readonly stage: StageName;
  readonly decision: 'approve' | 'reject';
  readonly by: string;
  readonly reason: string;
  readonly manifest: Digest;
}

/** An answer that counted. */
export interface Decision extends DecisionMessage {
  readonly at: Instant;
  /** The way it came: through our API, or as a signal from Temporal's CLI or UI. */
  readonly via: 'api' | 'signal';
}

/** Who asked for a cycle, and why; the same words everywhere from the request to the auditor's report. */
export interface CycleRequest {
  readonly cycle: CycleId;
  readonly number: number;
  readonly plan: PlanName;
  readonly planVersion: number;
  readonly mode: 'standard';
  readonly requestedBy: string;
  readonly reason: string;
  readonly reference: string | null;
}
