import {
  type Answer,
  answer,
  cancel,
  decideStage,
  type PatchtideWorkflows,
  pause,
  resume,
  TASK_QUEUE,
} from '../../workflows/messages.js';
import { type CycleHandle, decisionOf, type WorkflowBench } from '../support/workflow-bench.js';

/*
 * What the recorded histories tell: between them every workflow, and in each what its code decides. Short ones, so that
 * a person can read them.
 */

/** The name of a history's file, and the workflow whose history it is. */
export type Recorded = Readonly<Record<string, { readonly workflowId: string; readonly runId?: string }>>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEERING: { args: [{ by: string; reason: string }] } = { args: [{ by: 'otto', reason: 'Something looks odd.' }] };
const NIGHTLY = {
  name: 'nightly',
  version: 1,
  schedule: { cron: '0 2 * * *' },
  timezone: 'Europe/London',
  duration: 4 * HOUR,
  cutoff: HOUR,
} as const;

/** Dev and Prod, from the first scan to the last wave, with everything that a plan can ask for. */
async function wholeCycle(bench: WorkflowBench): Promise<Recorded> {
  const { world } = bench;
  const steps = { startStopped: true, snapshot: 'await', beforeTasks: 1, afterTasks: 1, reboot: 'always' } as const;
  const regions = [
    { window: 'nightly', batches: [2, 1], maxUnavailable: 2 },
    { region: 'us-east-1', zone: 'use1-az1' },
  ];
  world.plays({
    windows: [NIGHTLY],
    takes: { install: 90_000 },
    stages: [
      {
        name: 'dev',
        policy: {
          soak: 7 * DAY,
          stageTasks: { before: 1, after: 1 },
          health: { settle: HOUR / 12, within: HOUR / 4, checks: 1 },
        },
        waves: regions,
        steps,
      },
      { name: 'prod', policy: { approval: { roles: ['approver'], quorum: 2, decideWithin: 3 * DAY } } },
    ],
  });
  world.breaks('beginStep', 8, 'aws-unreachable');
  const cycle = await bench.startCycle();
  const first = { stage: 'prod', manifest: '' };
  await bench.resultOf(cycle, async ({ manifest }) => {
    first.manifest = manifest ?? '';
    await cycle.signal(decideStage, decisionOf({ ...first, by: 'olga' }));
    await cycle.signal(decideStage, 'nonsense');
    await cycle.signal(decideStage, decisionOf({ ...first, by: 'ben' }));
    // Not at the same time as an update: the time-skipping server records those in another order than it delivers them.
    await world.until('decisions');
    await world.until('note', ({ message }) => message.includes('by olga'));
    await bench.decide(cycle, first);
  });
  const [wave] = await bench.childrenOf(`${cycle.workflowId}/dev`, 'patchWave');
  const [scan] = await bench.childrenOf(`${cycle.workflowId}/dev`, 'scanLocation');
  return {
    cycle,
    'stage-with-tasks-and-soak': { workflowId: `${cycle.workflowId}/dev` },
    'stage-approved': { workflowId: `${cycle.workflowId}/prod` },
    'wave-with-all-steps': { workflowId: wave?.workflowId ?? '' },
    'location-scan': { workflowId: scan?.workflowId ?? '' },
    webhook: { workflowId: `${cycle.workflowId}/webhook/approval-wanted-prod-${first.manifest.slice(-12)}` },
  };
}

/** Begun, paused, and cancelled while a batch is installing. */
async function cancelledCycle(bench: WorkflowBench): Promise<Recorded> {
  const { world } = bench;
  world.plays({
    stages: [{ name: 'prod', steps: { afterTasks: 1 }, waves: [{ batches: [2, 2], maxUnavailable: 2 }] }],
  });
  world.hold('install');
  const cycle = await bench.startCycle();
  await world.until('step', ({ step }) => step === 'install');
  await cycle.executeUpdate(pause, STEERING);
  await cycle.executeUpdate(cancel, STEERING);
  world.release('install');
  await cycle.result();
  return { 'cycle-cancelled': cycle, ...(await stageAndWave(bench, cycle, 'cancelled')) };
}

/** Too many failures ask, and somebody lets it go on. */
async function askingCycle(bench: WorkflowBench): Promise<Recorded> {
  const { world } = bench;
  world.plays({
    stages: [
      {
        name: 'prod',
        policy: { pauseAfterFailures: { nodes: 1 } },
        waves: [{ batches: [2, 2], maxUnavailable: 2 }],
        failures: { 'w1.b1': 1 },
      },
    ],
  });
  const cycle = await bench.startCycle();
  await world.until('webhook');
  await cycle.executeUpdate(resume, STEERING);
  await cycle.result();
  return { 'cycle-that-asked': cycle, ...(await stageAndWave(bench, cycle, 'that-asked')) };
}

/** A window closes too early, the next one is given by an operator, and what failed is tried again. */
async function carriedOverCycle(bench: WorkflowBench): Promise<Recorded> {
  const { world } = bench;
  world.plays({
    windows: [{ ...NIGHTLY, duration: 600_000, cutoff: 300_000 }],
    takes: { install: 360_000 },
    stages: [
      {
        name: 'prod',
        policy: { carryOver: { windows: 0, doneAt: 100 }, pauseAfterFailures: { nodes: 2 } },
        waves: [{ window: 'nightly', batches: [2, 2], maxUnavailable: 2 }],
        failures: { 'w2.b1': 2 },
      },
    ],
  });
  const cycle = await bench.startCycle();
  const answers: readonly Answer[] = [
    { by: 'otto', reason: 'One more.', action: 'continue' },
    { by: 'otto', reason: 'The disk is free now.', action: 'retry-failed' },
  ];
  await bench.resultOf(cycle, ...answers.map((said) => () => cycle.executeUpdate(answer, { args: [said] })));
  return { 'cycle-carried-over': cycle, ...(await stageAndWave(bench, cycle, 'carried-over')) };
}

/** A stage that is done before all of its nodes are: they go on in their next window while the cycle ends. */
async function tailedCycle(bench: WorkflowBench): Promise<Recorded> {
  const { world } = bench;
  world.plays({
    windows: [{ ...NIGHTLY, duration: 600_000, cutoff: 300_000 }],
    takes: { install: 360_000 },
    stages: [
      {
        name: 'prod',
        policy: { carryOver: { windows: 1, doneAt: 50 } },
        waves: [{ window: 'nightly', batches: [2, 2], maxUnavailable: 2 }],
      },
    ],
  });
  const cycle = await bench.startCycle();
  await cycle.result();
  const tail = { workflowId: `${cycle.workflowId}/prod/tail` };
  await bench.client.getHandle(tail.workflowId).result();
  return { 'cycle-tailed': cycle, ...(await stageAndWave(bench, cycle, 'tailed')), tail };
}

async function stageAndWave(bench: WorkflowBench, cycle: CycleHandle, name: string): Promise<Recorded> {
  const stage = `${cycle.workflowId}/prod`;
  const [wave] = await bench.childrenOf(stage, 'patchWave');
  return { [`stage-${name}`]: { workflowId: stage }, [`wave-${name}`]: { workflowId: wave?.workflowId ?? '' } };
}

/** What starts by itself, or by somebody's wish to know. */
async function otherWorkflows(bench: WorkflowBench): Promise<Recorded> {
  bench.world.plays({ stages: [{ name: 'prod' }] });
  const scan = await bench.client.start<PatchtideWorkflows['scanFleet']>('scanFleet', {
    taskQueue: TASK_QUEUE,
    workflowId: 'fleet-scan/recorded',
    args: [{ id: 'recorded', requestedBy: 'vera', locations: null }],
  });
  await scan.result();
  const start = await bench.client.start<PatchtideWorkflows['startPlannedCycle']>('startPlannedCycle', {
    taskQueue: TASK_QUEUE,
    workflowId: 'patch-plan-start/planned',
    args: [{ plan: 'planned' as Parameters<PatchtideWorkflows['startPlannedCycle']>[0]['plan'] }],
  });
  await start.result();
  await bench.client.getHandle('patch-cycle/planned/1').result();
  return { 'fleet-scan': scan, 'planned-start': start };
}

export const scenarios = [wholeCycle, cancelledCycle, askingCycle, carriedOverCycle, otherWorkflows, tailedCycle];
