import type { PlanName, Region, StageName } from '../ids.js';
import { DEFAULT_KEEP_SNAPSHOTS } from '../snapshot-retention.js';
import { durationOf } from './durations.js';
import { healthOf } from './health.js';
import { ALL, asStage, type ParsedPlan, patchGroupsOf, snapshotOf } from './plan.js';
import { recurrenceOf } from './schedule.js';
import { EVERYTHING, FROM_TAG, NONE, type ParsedStage } from './stage.js';
import { tasksOf } from './task.js';
import type { ApprovalPolicy, Milliseconds, NodeLimit, PlanStart, ResolvedPlan, ResolvedStage } from './types.js';

const HOUR: Milliseconds = 3_600_000;
const DAY = 24 * HOUR;

/** What a plan means that says nothing else (the words are in the plan reference). */
const DEFAULTS = {
  maxUnavailable: { percent: 25 },
  pauseAfterFailures: { percent: 10 },
  carryOver: { windows: 3, doneAt: '100%' },
  install: 2 * HOUR,
  snapshot: HOUR,
  soak: 7 * DAY,
  approval: { roles: ['approver'], quorum: 1, decideWithin: 3 * DAY },
} as const;

/**
 * Writes out every default of a plan. `known.baselines` are the names of the PatchBaseline documents there are: a stage
 * that names none gets the one that bears its name.
 */
export function resolvePlan(
  plan: ParsedPlan,
  version: number,
  known: { readonly baselines: readonly string[] },
): ResolvedPlan {
  const { metadata, spec } = plan;
  const { accounts = ALL, regions = ALL, tags = { Application: metadata.name } } = spec.nodes ?? {};
  return {
    name: metadata.name as PlanName,
    owner: metadata.owner,
    version,
    start: spec.start === undefined ? null : startOf(spec.start),
    nodes: {
      accounts: accounts === ALL ? null : accounts,
      regions: regions === ALL ? null : (regions as Region[]),
      tags,
    },
    stages: spec.stages.map((written, index) =>
      resolveStage(metadata.name, asStage(written), index === spec.stages.length - 1, known.baselines),
    ),
  };
}

function resolveStage(plan: string, stage: ParsedStage, isLast: boolean, baselines: readonly string[]): ResolvedStage {
  const { waves = {}, timeouts = {} } = stage;
  const baseline = stage.baseline ?? (baselines.includes(stage.name) ? stage.name : EVERYTHING);
  return {
    name: stage.name as StageName,
    patchGroups: patchGroupsOf(plan, stage),
    baseline: baseline === EVERYTHING ? null : baseline,
    window: stage.window === undefined || stage.window === FROM_TAG ? null : stage.window,
    waves: {
      by: 'zone',
      regions: waves.regions ?? 'parallel',
      maxUnavailable: limitOf(waves.maxUnavailable) ?? DEFAULTS.maxUnavailable,
      pauseAfterFailures: limitOf(waves.pauseAfterFailures) ?? DEFAULTS.pauseAfterFailures,
    },
    carryOver: {
      windows: stage.carryOver?.windows ?? DEFAULTS.carryOver.windows,
      doneAt: { percent: Number.parseInt(stage.carryOver?.doneAt ?? DEFAULTS.carryOver.doneAt, 10) },
    },
    snapshot: snapshotOf(stage),
    keepSnapshots: orDefault(stage.keepSnapshots, DEFAULT_KEEP_SNAPSHOTS),
    tasks: tasksOf(stage.tasks),
    reboot: stage.reboot ?? 'if-needed',
    stopped: stage.stopped ?? 'skip',
    timeouts: {
      install: orDefault(timeouts.install, DEFAULTS.install),
      snapshot: orDefault(timeouts.snapshot, DEFAULTS.snapshot),
    },
    soak: orDefault(stage.soak, isLast ? 0 : DEFAULTS.soak),
    health: healthOf(stage.health),
    approval: approvalOf(stage.approval ?? (isLast ? {} : NONE)),
    onFailure: stage.onFailure ?? 'ask',
    onHung: stage.onHung ?? 'set-aside',
    surplus: stage.surplus ?? 'ask',
  };
}

const orDefault = (duration: string | undefined, otherwise: Milliseconds): Milliseconds =>
  duration === undefined ? otherwise : durationOf(duration);

function limitOf(limit: number | string | undefined): NodeLimit | null {
  if (limit === undefined) return null;
  return typeof limit === 'number' ? { nodes: limit } : { percent: Number.parseInt(limit, 10) };
}

const approvalOf = (approval: NonNullable<ParsedStage['approval']>): ApprovalPolicy | null =>
  approval === NONE
    ? null
    : {
        roles: approval.roles ?? DEFAULTS.approval.roles,
        quorum: approval.quorum ?? DEFAULTS.approval.quorum,
        decideWithin: orDefault(approval.decideWithin, DEFAULTS.approval.decideWithin),
      };

const startOf = (start: NonNullable<ParsedPlan['spec']['start']>): PlanStart => ({
  ...recurrenceOf(start),
  timezone: start.timezone,
});
