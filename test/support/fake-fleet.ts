import { occurrence, occurrences } from '../../domain/calendar/windows.js';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import type { AccountId, Digest, Instant, NodeId, Region, StageName, ZoneId } from '../../domain/ids.js';
import type { WaveSummary, WindowOccurrence } from '../../domain/manifest.js';
import type { BatchSteps, StagePolicy } from '../../domain/stage-policy.js';
import type { RollbackScript } from './fake-rollbacks.js';

/*
 * The fleet that workflow tests speak of: a script of stages, waves and batches, without nodes and without I/O.
 */

/** One wave of a scripted stage: the sizes of its batches say how many nodes it has. */
export interface WaveScript {
  readonly account: string;
  readonly region: string;
  readonly zone: string;
  readonly window: string;
  readonly batches: readonly number[];
  readonly maxUnavailable: number;
}

/** A stage, where it differs from the plainest: two nodes, any time, no approval, no soak, no tasks. */
export interface StageScript {
  readonly name: string;
  readonly policy?: Partial<Omit<StagePolicy, 'name' | 'last' | 'steps'>>;
  readonly steps?: Partial<BatchSteps>;
  readonly waves?: readonly Partial<WaveScript>[];
  /** How many nodes turn out to have failed when a batch is recorded, by `w<wave>.b<batch>`. */
  readonly failures?: Readonly<Record<string, number>>;
  /** How many patches that nobody had tested came in, by `w<wave>.b<batch>`. */
  readonly untested?: Readonly<Record<string, number>>;
  /** Nodes that a batch has to set aside, by `w<wave>.b<batch>`. */
  readonly setAside?: Readonly<Record<string, readonly NodeId[]>>;
  /** Steps whose operations fail on all of their nodes: `install`, `before-stage-1`. */
  readonly failingSteps?: readonly string[];
  /** What is not well when a wave's health is looked at, by `w<wave>.<look>`. */
  readonly unwell?: Readonly<Record<string, readonly string[]>>;
  /** How long its batches are known to take, in milliseconds: none begins that would not end before its window does. */
  readonly batchesTake?: number;
  /** How many nodes the plan selects; by default the nodes of the waves. */
  readonly matched?: number;
  /** What is odd about the number of its nodes. */
  readonly jump?: string;
}

export interface FleetScript {
  readonly stages: readonly StageScript[];
  readonly windows?: readonly MaintenanceWindow[];
  /** How long the operations of a step take, in milliseconds of the server's clock; nothing by default. */
  readonly takes?: Readonly<Record<string, number>>;
  readonly rollback?: RollbackScript;
  /** How many batches there is room to snapshot at a time; any number by default. */
  readonly snapshotsAtOnce?: number;
  /** How many snapshots are past their retention, by `<account>/<region>`. */
  readonly dueSnapshots?: Readonly<Record<string, number>>;
}

const PLAIN_STEPS: BatchSteps = {
  startStopped: false,
  snapshot: 'none',
  beforeTasks: 0,
  afterTasks: 0,
  reboot: 'if-needed',
  onHung: 'set-aside',
};
const PLAIN_POLICY: Omit<StagePolicy, 'name' | 'last' | 'steps'> = {
  approval: null,
  soak: 0,
  health: null,
  onFailure: 'ask',
  surplus: 'ask',
  pauseAfterFailures: { percent: 100 },
  regions: 'parallel',
  stageTasks: { before: 0, after: 0 },
  carryOver: { windows: 3, doneAt: 100 },
};
const PLAIN_WAVE: WaveScript = {
  account: '111122223333',
  region: 'eu-west-1',
  zone: 'euw1-az1',
  window: 'any-time',
  batches: [2],
  maxUnavailable: 50,
};
const ANY_TIME: MaintenanceWindow = {
  name: 'any-time',
  version: 1,
  schedule: { always: true },
  timezone: 'UTC',
  duration: null,
  cutoff: 0,
};

export const policiesOf = ({ stages }: FleetScript): StagePolicy[] =>
  stages.map(({ name, policy, steps }, index) => ({
    ...PLAIN_POLICY,
    ...policy,
    steps: { ...PLAIN_STEPS, ...steps },
    name: name as StageName,
    last: index === stages.length - 1,
  }));

export const wavesOf = ({ waves = [{}] }: StageScript): WaveScript[] =>
  waves.map((wave) => ({ ...PLAIN_WAVE, ...wave }));

export const nodesIn = (stage: StageScript): number =>
  wavesOf(stage)
    .flatMap(({ batches }) => batches)
    .reduce((sum, size) => sum + size, 0);

/**
 * The stage's waves in the windows that the calendar gives them at `now`: the real one, clock changes and all.
 * `onlyTheNext`: not in one that is open already.
 */
export function openingsOf(
  script: FleetScript,
  stage: StageScript,
  now: Instant,
  onlyTheNext = false,
): { windows: WindowOccurrence[]; waves: WaveSummary[] } {
  const known = [ANY_TIME, ...(script.windows ?? [])];
  const names = [...new Set(wavesOf(stage).map(({ window }) => window))];
  const windows = names.map((name) => {
    const window = known.find((candidate) => candidate.name === name);
    if (!window) throw new Error(`The script has no window ${name}.`);
    const [next] = onlyTheNext ? occurrences(window, nodesIn(stage), now, 1) : [];
    return next ?? occurrence(window, nodesIn(stage), now);
  });
  const waves = wavesOf(stage).map((wave, index): WaveSummary => {
    const opening = windows[names.indexOf(wave.window)];
    if (!opening) throw new Error(`Window ${wave.window} has no opening.`);
    return {
      number: index + 1,
      window: wave.window,
      opens: opening.opens,
      cutoff: opening.cutoff,
      ...lastStartOf(opening, stage),
      account: wave.account as AccountId,
      region: wave.region as Region,
      zone: wave.zone as ZoneId,
      zoneName: null,
      maxUnavailable: wave.maxUnavailable,
      nodes: wave.batches.reduce((sum, size) => sum + size, 0),
      batches: wave.batches,
    };
  });
  return { windows, waves };
}

const lastStartOf = ({ closes }: WindowOccurrence, { batchesTake }: StageScript): Pick<WaveSummary, 'lastStart'> =>
  closes === null || batchesTake === undefined
    ? {}
    : { lastStart: new Date(Date.parse(closes) - batchesTake).toISOString() as Instant };

export const digestOf = (name: string): Digest => `sha256:${name}` as Digest;
