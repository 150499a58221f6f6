import { fires, isStart } from '../domain/calendar/starts.js';
import type { CycleRequest, CycleStatus, Decision, StageStatus, WaitingFor, WaveStatus } from '../domain/cycle.js';
import { isFailure, OUTCOMES } from '../domain/cycle.js';
import type { PlanStart } from '../domain/documents/types.js';
import { type HaltState, haltedBy } from '../domain/halt.js';
import type { CycleId, Digest, Instant, Location, PlanName, StageName } from '../domain/ids.js';
import { harvest as harvestPatches } from '../domain/patch-set.js';
import { heartbeating } from './failures.js';
import { lastScans } from './last-scans.js';
import type { Records } from './ports.js';

/** A change of what lists and one cycle are read from; what is left out stays as it is. */
export interface ProjectionChange {
  readonly cycle: CycleId;
  readonly stage: StageName | null;
  readonly cycleChange?: {
    readonly status?: CycleStatus;
    readonly waitingFor?: WaitingFor | null;
    readonly message?: string | null;
    readonly endedAt?: Instant | null;
  };
  readonly stageChange?: {
    readonly status?: StageStatus;
    readonly soakUntil?: Instant | null;
    readonly message?: string | null;
    /** The patch set that the stage proved. */
    readonly proven?: Digest;
  };
  readonly waves?: readonly { readonly number: number; readonly status: WaveStatus }[];
}

/**
 * Whether a schedule's action was triggered by hand. Temporal does not mark it: its scheduled time is the moment of the
 * trigger. So it is one at which the schedule does not fire by itself, and the action was started at once; a time of an
 * earlier version of the plan's schedule, made up for late, was not.
 */
const isTrigger = (start: PlanStart, scheduledFor: Instant, startedAt: Instant): boolean =>
  !fires(start, scheduledFor) && Date.parse(startedAt) - Date.parse(scheduledFor) < TRIGGERED_WITHIN;
const TRIGGERED_WITHIN = 60_000;

/** Who asks for a cycle that starts by itself. */
const SCHEDULE = 'schedule';

export type RecordActivities = ReturnType<typeof createRecordActivities>;

/** Short writes to the store; every one of them is an upsert, so that a retry changes nothing. */
export function createRecordActivities({ records }: { readonly records: Records }) {
  async function project({ cycle, stage, cycleChange, stageChange, waves }: ProjectionChange): Promise<void> {
    if (stage !== null && stageChange) {
      await records.stageChanged(cycle, stage, stageChange);
    }
    if (stage !== null)
      for (const wave of waves ?? []) await records.waveChanged(cycle, stage, wave.number, wave.status);
    if (cycleChange) await records.cycleChanged(cycle, cycleChange);
  }

  /** Says on the cycle that AWS is out of reach or denies, or (null) that it answers again; on the wave too, where one waits. */
  async function noteOutage(input: {
    cycle: CycleId;
    stage: StageName | null;
    wave: number | null;
    message: string | null;
  }): Promise<void> {
    const { cycle, stage, wave, message } = input;
    if (stage !== null && wave !== null) {
      await records.waveChanged(cycle, stage, wave, message === null ? 'patching' : 'waiting-aws');
    }
    const waitingFor =
      message === null ? null : ({ kind: 'aws', stage, until: null, manifest: null, message } as const);
    await records.outageChanged(cycle, waitingFor);
  }

  async function recordDecisions(input: {
    cycle: CycleId;
    stage: StageName;
    decisions: readonly Decision[];
  }): Promise<void> {
    await records.stageChanged(input.cycle, input.stage, { decisions: input.decisions });
  }

  /** Something that an operator or an auditor will want to know, on the cycle. */
  async function note(input: {
    cycle: CycleId;
    stage: StageName | null;
    message: string;
    at: Instant;
    /** What tells the notes of a stage, or of a cycle, apart. */
    number: number | string;
  }): Promise<void> {
    const { cycle, stage, message, at, number } = input;
    await records.audit({
      key: `${cycle}/${stage ?? ''}/note-${number}`,
      at,
      who: 'patchtide',
      action: 'note',
      subject: cycle,
      result: 'noted',
      reason: message,
    });
  }

  async function skipRest(input: {
    cycle: CycleId;
    stage: StageName;
    wave: number | null;
    reason: string;
  }): Promise<number> {
    return records.skipRest(input.cycle, input.stage, input.wave, input.reason);
  }

  async function carryRest(input: { cycle: CycleId; stage: StageName; wave: number; reason: string }): Promise<number> {
    return records.carryRest(input.cycle, input.stage, input.wave, input.reason);
  }

  /** How many nodes of the stage somebody has to look at. */
  async function failures(input: { cycle: CycleId; stage: StageName }): Promise<number> {
    const counts = await records.outcomeCounts(input.cycle, input.stage);
    return OUTCOMES.filter(isFailure).reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
  }

  /** Keeps exactly what is present and proven on those of the stage's nodes that were scanned since the selection, under its digest. */
  async function harvest(input: {
    cycle: CycleId;
    stage: StageName;
    selection: Digest;
  }): Promise<{ patchSet: Digest }> {
    const selection = await records.selection(input.selection);
    const ids = selection.nodes.map(({ id }) => id);
    const scans = await heartbeating(() => lastScans(records, ids, selection.at));
    const osOf = new Map(selection.nodes.map(({ id, os }) => [id, os]));
    const nodes = scans.flatMap(({ state, patches }) => {
      const os = osOf.get(state.node);
      return os && patches ? [{ os, patches }] : [];
    });
    const { set } = harvestPatches(nodes, input.cycle, input.stage);
    const { digest } = await records.savePatchSet(set);
    return { patchSet: digest };
  }

  async function reservePlannedCycle(input: {
    plan: PlanName;
    idempotencyKey: string;
    now: Instant;
    /** Null where nobody's schedule started it. */
    scheduledFor: Instant | null;
    /** When Temporal started what asks. */
    startedAt: Instant;
  }): Promise<{ kind: 'reserved'; request: CycleRequest } | { kind: 'not-started'; message: string }> {
    const plan = await records.plan(input.plan);
    const { scheduledFor, startedAt } = input;
    const triggered = plan?.start && scheduledFor ? isTrigger(plan.start, scheduledFor, startedAt) : false;
    if (plan?.start && scheduledFor && !triggered && !isStart(plan.start, scheduledFor)) {
      return {
        kind: 'not-started',
        message: `Not started: ${scheduledFor} is not a start of the plan's calendar.`,
      };
    }
    const reserved = await records.reserveCycle({
      plan: input.plan,
      mode: 'standard',
      requestedBy: SCHEDULE,
      reason: triggered ? "The plan's schedule was triggered by hand in Temporal." : "The plan's own schedule.",
      reference: null,
      idempotencyKey: input.idempotencyKey,
      now: input.now,
    });
    if (reserved.kind === 'busy') {
      return { kind: 'not-started', message: `Not started: cycle ${reserved.cycle} of the plan is still running.` };
    }
    if (reserved.kind === 'halted') return { kind: 'not-started', message: `Not started. ${haltedBy(reserved.halt)}` };
    if (reserved.kind === 'no-plan')
      return { kind: 'not-started', message: `Not started: there is no plan ${input.plan}.` };
    return { kind: 'reserved', request: reserved.request };
  }

  /** Whether everything is halted. */
  async function halted(): Promise<HaltState> {
    return records.halted();
  }

  async function fleetScanned(input: {
    request: { id: string; requestedBy: string; locations: readonly Location[] | null };
    result: { nodes: number; scanned: number; busy: number; unknown: number; problems: readonly string[] };
    /** When its nodes were selected. */
    since: Instant;
    at: Instant;
  }): Promise<void> {
    const { id, requestedBy } = input.request;
    const { nodes, scanned, busy, unknown, problems } = input.result;
    await records.fleetScanned(input.request.locations, input.since, input.at);
    await records.audit({
      key: `fleet-scan/${id}`,
      at: input.at,
      who: requestedBy,
      action: 'fleet-scan',
      subject: id,
      result: 'done',
      reason: [
        `${scanned} of ${nodes} nodes scanned, ${busy} left to their cycles, ${unknown} unknown.`,
        ...problems,
      ].join(' '),
    });
  }

  /** Nodes go on in their next windows although their stage is done. */
  async function beginTail(input: { cycle: CycleId; stage: StageName; nodes: number; now: Instant }): Promise<void> {
    await records.tailBegan(input.cycle, input.stage, input.nodes, input.now);
  }

  async function endTail(input: { cycle: CycleId; stage: StageName; now: Instant }): Promise<void> {
    await records.tailEnded(input.cycle, input.stage, input.now);
  }

  return {
    project,
    noteOutage,
    recordDecisions,
    note,
    skipRest,
    carryRest,
    failures,
    harvest,
    reservePlannedCycle,
    halted,
    fleetScanned,
    beginTail,
    endTail,
  };
}
