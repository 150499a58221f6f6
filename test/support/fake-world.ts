import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RunningTail } from '../../activities/ports.js';
import type { ProjectionChange } from '../../activities/record.js';
import type { Decision } from '../../domain/cycle.js';
import { type HaltState, NEVER_HALTED } from '../../domain/halt.js';
import type { Digest, Instant, Location } from '../../domain/ids.js';
import type { Readmission } from '../../domain/set-aside.js';
import type { WebhookEvent } from '../../domain/webhook.js';
import type { FleetScanResult } from '../../workflows/messages.js';
import { type FleetScript, type StageScript, type WaveScript, wavesOf } from './fake-fleet.js';
import type { RollbackAsked } from './fake-rollbacks.js';

/** What a workflow asked of the world, in order. `at` is the server's clock. */
export type Asked = { readonly at: Instant } & (
  | { readonly what: 'open-cycle' }
  | { readonly what: 'prepare'; readonly stage: string; readonly patchSet: Digest | null; readonly manifest: Digest }
  | { readonly what: 'scan'; readonly of: string; readonly place: string; readonly batch: number }
  | {
      readonly what: 'step';
      readonly stage: string;
      readonly wave: number;
      readonly batch: number;
      readonly step: string;
    }
  | { readonly what: 'stage-task'; readonly stage: string; readonly step: string; readonly place: string }
  | { readonly what: 'record'; readonly stage: string; readonly wave: number; readonly batch: number }
  | { readonly what: 'skip-rest'; readonly stage: string; readonly wave: number | null; readonly reason: string }
  | {
      readonly what: 'carry-rest';
      readonly stage: string;
      readonly wave: number;
      readonly nodes: number;
      readonly reason: string;
    }
  | {
      readonly what: 'continue';
      readonly stage: string;
      readonly of: 'carried-over' | 'failed';
      readonly waves: readonly number[];
      readonly round: number;
      readonly manifest: Digest;
    }
  | {
      readonly what: 'health';
      readonly stage: string;
      readonly wave: number;
      readonly look: number;
      readonly until: Instant;
    }
  | { readonly what: 'readmit'; readonly readmission: Readmission }
  | { readonly what: 'harvest'; readonly stage: string }
  | { readonly what: 'project'; readonly change: ProjectionChange }
  | { readonly what: 'outage'; readonly wave: number | null; readonly message: string | null }
  | { readonly what: 'note'; readonly message: string }
  | { readonly what: 'decisions'; readonly decisions: readonly Decision[] }
  | { readonly what: 'webhook'; readonly event: WebhookEvent }
  | {
      readonly what: 'reserve';
      readonly idempotencyKey: string;
      readonly scheduledFor: Instant | null;
      readonly startedAt: Instant;
    }
  | { readonly what: 'halted' }
  | { readonly what: 'refused'; readonly step: string; readonly batch: number }
  | { readonly what: 'expire'; readonly place: string; readonly deleted: number }
  | { readonly what: 'tail-began'; readonly stage: string; readonly nodes: number }
  | { readonly what: 'tail-ended'; readonly stage: string }
  | { readonly what: 'fleet-scanned'; readonly result: FleetScanResult }
  | RollbackAsked
);
export type AskedFor<What extends Asked['what']> = Extract<Asked, { what: What }>;
type WithoutTime<Entry> = Entry extends Asked ? Omit<Entry, 'at'> : never;

export interface FakeOperation {
  readonly key: string;
  readonly run: string;
  readonly step: string;
  readonly nodes: number;
  readonly endsAt: number;
  readonly fails: boolean;
  reported: boolean;
}

/** Shorter than the heartbeat's time-out of every activity, which counts in the server's time. */
const STRIDE = 20_000;

/**
 * The world around the workflows of one test: what it was asked (a journal that tests read), and what a test does to
 * it: AWS out of reach, an operation that does not end until the test says so. `plays` begins a new test.
 */
export class FakeWorld {
  script: FleetScript = { stages: [] };
  journal: Asked[] = [];
  operations: FakeOperation[] = [];
  /** The waves with which stages have gone on, by stage; numbered on from those of the script. */
  continued: Record<string, readonly WaveScript[]> = {};
  /** The cycle that keeps a plan's schedule from starting another. */
  busyWith: string | null = null;
  /** What the store knows of halts. */
  halts: HaltState = NEVER_HALTED;
  /** What goes on of earlier cycles of the plan. */
  tails: readonly RunningTail[] = [];
  /** Workflows of other cycles that have nodes of every batch. */
  othersHaveNodes: readonly string[] = [];
  /** Workflows that have all the room for pending snapshots. */
  othersHaveRoom: readonly string[] = [];
  private faults = new Map<string, { left: number; type: string; message: string }>();
  private held = new Set<string>();
  private listeners = new Set<() => void>();
  /** At how many webhooks from here on the clock stops. */
  private stops = 0;
  private readonly environment: TestWorkflowEnvironment;

  constructor(environment: TestWorkflowEnvironment) {
    this.environment = environment;
  }

  plays(script: FleetScript): void {
    this.script = script;
    this.journal = [];
    this.operations = [];
    this.continued = {};
    this.busyWith = null;
    this.halts = NEVER_HALTED;
    this.othersHaveNodes = [];
    this.tails = [];
    this.othersHaveRoom = [];
    this.faults = new Map();
    this.held = new Set();
    this.stops = 0;
  }

  // What a test does to the world

  /** The next calls of an activity fail as they do when AWS is the reason. */
  breaks(activity: string, times: number, type: string, message = 'AWS is out of reach.'): void {
    this.faults.set(activity, { left: times, type, message });
  }

  /** Operations of the step do not end, or calls of the activity do not begin, until `release`. */
  hold(stepOrActivity: string): void {
    this.held.add(stepOrActivity);
  }

  release(stepOrActivity: string): void {
    this.held.delete(stepOrActivity);
    this.changed();
  }

  /** The server's clock stops at each of so many webhooks, until `goOn`. */
  stopAtWebhooks(count: number): void {
    this.stops = count;
  }

  async goOn(): Promise<void> {
    await this.environment.connection.testService?.unlockTimeSkipping({});
  }

  // What a test reads

  asked<What extends Asked['what']>(what: What): AskedFor<What>[] {
    return this.journal.filter((entry): entry is AskedFor<What> => entry.what === what);
  }

  notes(): string[] {
    return this.asked('note').map(({ message }) => message);
  }

  /** Steps of batches and their records, as `w1.b2.install`. */
  steps(stage: string): string[] {
    return this.journal.flatMap((entry) => {
      if ((entry.what !== 'step' && entry.what !== 'record') || entry.stage !== stage) return [];
      return [`w${entry.wave}.b${entry.batch}.${entry.what === 'step' ? entry.step : 'record'}`];
    });
  }

  /** Waits until something was asked; the server's clock stands still meanwhile. */
  async until<What extends Asked['what']>(
    what: What,
    wanted: (entry: AskedFor<What>) => boolean = () => true,
  ): Promise<AskedFor<What>> {
    for (;;) {
      const found = this.asked(what).find(wanted);
      if (found) return found;
      await this.nextChange();
    }
  }

  // What the activities do

  async ask(entry: WithoutTime<Asked>): Promise<void> {
    const at = new Date(await this.now()).toISOString() as Instant;
    this.journal.push({ at, ...entry } as Asked);
    this.changed();
  }

  async beforeWebhook(): Promise<void> {
    if (this.stops === 0) return;
    this.stops -= 1;
    await this.environment.connection.testService?.lockTimeSkipping({});
  }

  /** Fails where the test broke this activity; waits while the test holds it. */
  async meet(activity: string): Promise<void> {
    while (this.held.has(activity)) await this.nextChange();
    const fault = this.faults.get(activity);
    if (!fault || fault.left === 0) return;
    fault.left -= 1;
    throw ApplicationFailure.create({ type: fault.type, message: fault.message });
  }

  stage(name: string): StageScript {
    const stage = this.script.stages.find((candidate) => candidate.name === name);
    if (!stage) throw new Error(`The script has no stage ${name}.`);
    return stage;
  }

  /** The waves of a stage, those with which it has gone on included. */
  waves(name: string): readonly WaveScript[] {
    return [...wavesOf(this.stage(name)), ...(this.continued[name] ?? [])];
  }

  /** The sizes of a wave's batches on which nothing has been installed. */
  untouched(name: string, wave: number): readonly number[] {
    const begun = new Set(
      this.asked('step').flatMap((entry) =>
        entry.stage === name && entry.wave === wave && entry.step === 'install' ? [entry.batch] : [],
      ),
    );
    return (this.waves(name)[wave - 1]?.batches ?? []).filter((_size, index) => !begun.has(index + 1));
  }

  async begin(operation: Pick<FakeOperation, 'key' | 'run' | 'step' | 'nodes' | 'fails'>): Promise<void> {
    const endsAt = (await this.now()) + (this.script.takes?.[operation.step] ?? 0);
    this.operations.push({ ...operation, endsAt, reported: false });
    this.changed();
  }

  /** Until at least one operation of the run has ended; the server's clock moves on while all that is left is to wait. */
  async firstEnded(run: string, awaited: readonly string[]): Promise<FakeOperation[]> {
    for (;;) {
      // Before anything is looked at: what changes while the clock is asked must not be missed.
      const change = this.nextChange();
      const ours = this.operations.filter((operation) => operation.run === run);
      const moving = ours.filter(({ step }) => !this.held.has(step));
      const now = await this.now();
      const ended = moving.filter(({ endsAt, reported, key }) => endsAt <= now && (!reported || awaited.includes(key)));
      if (ended.length > 0) {
        for (const operation of ended) operation.reported = true;
        return ended;
      }
      const ends = moving.filter(({ endsAt }) => endsAt > now).map(({ endsAt }) => endsAt - now);
      if (ends.length > 0) await this.pass(Math.min(STRIDE, ...ends));
      else await Promise.race([change, Context.current().cancelled]);
    }
  }

  /** Others, or as many of the run's own snapshot operations as there is room for. */
  roomHolders(run: string): readonly string[] {
    const own = this.operations.filter((operation) => operation.step === 'snapshot' && !operation.reported);
    return own.length >= (this.script.snapshotsAtOnce ?? Infinity) ? [run] : this.othersHaveRoom;
  }

  now(): Promise<number> {
    return this.environment.currentTimeMs();
  }

  /** Lets the server's time pass within an activity, which must have been heard of just before. */
  private async pass(milliseconds: number): Promise<void> {
    const { taskToken } = Context.current().info;
    await this.environment.client.workflowService.recordActivityTaskHeartbeat({ taskToken, namespace: 'default' });
    await this.environment.sleep(milliseconds);
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const heard = () => {
        this.listeners.delete(heard);
        resolve();
      };
      this.listeners.add(heard);
    });
  }
}

export const placeOf = ({ account, region }: Location): string => `${account}/${region}`;
