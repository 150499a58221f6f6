import { formatDuration } from './durations.js';
import { API_VERSION } from './fields.js';
import { writeHealth } from './health.js';
import { ALL, type ParsedPlan } from './plan.js';
import { EVERYTHING, FROM_TAG, isRole, NONE, type ParsedStage } from './stage.js';
import type { NodeLimit, ResolvedPlan, ResolvedStage, Task } from './types.js';

/**
 * The document of a resolved plan with every default written out: read again, it resolves to the same plan, whatever
 * baselines there are by then.
 */
export const planWithDefaults = (plan: ResolvedPlan): ParsedPlan => ({
  apiVersion: API_VERSION,
  kind: 'PatchPlan',
  metadata: { name: plan.name, owner: plan.owner },
  spec: {
    ...(plan.start === null ? {} : { start: { ...plan.start } }),
    nodes: {
      accounts: plan.nodes.accounts === null ? ALL : [...plan.nodes.accounts],
      regions: plan.nodes.regions === null ? ALL : [...plan.nodes.regions],
      tags: { ...plan.nodes.tags },
    },
    stages: plan.stages.map(stageWithDefaults),
  },
});

const stageWithDefaults = (stage: ResolvedStage): ParsedStage => ({
  name: stage.name,
  patchGroups: [...stage.patchGroups],
  baseline: stage.baseline ?? EVERYTHING,
  window: stage.window ?? FROM_TAG,
  waves: {
    by: stage.waves.by,
    regions: stage.waves.regions,
    maxUnavailable: writeLimit(stage.waves.maxUnavailable),
    pauseAfterFailures: writeLimit(stage.waves.pauseAfterFailures),
  },
  carryOver: { windows: stage.carryOver.windows, doneAt: `${stage.carryOver.doneAt.percent}%` },
  snapshot: stage.snapshot,
  keepSnapshots: formatDuration(stage.keepSnapshots),
  tasks: {
    beforeStage: stage.tasks.beforeStage.map(writeTask),
    beforeNode: stage.tasks.beforeNode.map(writeTask),
    afterNode: stage.tasks.afterNode.map(writeTask),
    afterStage: stage.tasks.afterStage.map(writeTask),
  },
  reboot: stage.reboot,
  stopped: stage.stopped,
  timeouts: { install: formatDuration(stage.timeouts.install), snapshot: formatDuration(stage.timeouts.snapshot) },
  soak: formatDuration(stage.soak),
  ...(stage.health === null ? {} : { health: writeHealth(stage.health) }),
  approval:
    stage.approval === null
      ? NONE
      : {
          roles: stage.approval.roles.filter(isRole),
          quorum: stage.approval.quorum,
          decideWithin: formatDuration(stage.approval.decideWithin),
        },
  onFailure: stage.onFailure,
  onHung: stage.onHung,
  surplus: stage.surplus,
});

const writeLimit = (limit: NodeLimit): number | string => ('nodes' in limit ? limit.nodes : `${limit.percent}%`);

const writeTask = (task: Task) => ({
  document: task.document,
  kind: task.kind,
  ...(task.os === null ? {} : { os: task.os }),
  parameters: Object.fromEntries(Object.entries(task.parameters).map(([name, values]) => [name, [...values]])),
  timeout: formatDuration(task.timeout),
});
