import { Catalogue, type Patch } from '../catalogue/catalogue.js';
import { type ClockSegment, FleetClock } from '../clock.js';
import type { Durations, FleetDescription } from '../description.js';
import { type Fault, Faults } from '../faults.js';
import type { Journal, Table } from '../journal.js';
import { Ledger, type LedgerKind } from '../ledger.js';
import { RateLimits } from '../limits.js';
import { Chance } from '../random.js';
import { Agenda } from './agenda.js';
import type {
  Automation,
  Command,
  FleetNode,
  Invocation,
  LooseVolume,
  PatchReport,
  RootVolumeTask,
  ScheduledEvent,
  Session,
  Snapshot,
  StoredObject,
} from './model.js';
import type { Association, Baseline, MaintenanceWindow } from './registered.js';

export interface FleetOptions {
  description: FleetDescription;
  journal: Journal;
  speed: number;
  seed: number;
  wallNow: () => number;
}

/** The fleet's state and its services. What happens to it lies in the functions beside this file. */
export class Fleet {
  readonly description: FleetDescription;
  readonly chance: Chance;
  readonly clock: FleetClock;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly limits: RateLimits;
  readonly catalogue: Catalogue;
  readonly agenda: Agenda;
  readonly nodes: Table<FleetNode>;
  readonly commands: Table<Command>;
  readonly invocations: Table<Invocation>;
  readonly reports: Table<PatchReport>;
  readonly snapshots: Table<Snapshot>;
  /** In the order in which they were started. */
  readonly rootVolumeTasks: Table<RootVolumeTask>;
  readonly looseVolumes: Table<LooseVolume>;
  /** `account/region/name` of an Auto Scaling group to its desired capacity, where that was changed. */
  readonly desiredCapacities: Table<number>;
  readonly automations: Table<Automation>;
  readonly baselines: Table<Baseline>;
  /** `account/region/operating system/patch group` to baseline id. */
  readonly patchGroups: Table<string>;
  readonly maintenanceWindows: Table<MaintenanceWindow>;
  readonly associations: Table<Association>;
  /** First use of a SnapshotId: what was approved then stays approved for it. */
  readonly patchSnapshots: Table<number>;
  readonly sessions: Table<Session>;
  readonly objects: Table<StoredObject>;
  readonly #counters: Table<number>;
  readonly #clockTable: Table<ClockSegment[]>;
  readonly #nodesAt = new Map<string, FleetNode[]>();
  readonly #commandsAt = new Map<string, Command[]>();
  readonly #snapshotsAt = new Map<string, Map<string, Snapshot>>();

  constructor({ description, journal, speed, seed, wallNow }: FleetOptions) {
    this.description = description;
    this.journal = journal;
    this.chance = new Chance(seed);
    this.#clockTable = journal.table('clock');
    this.#counters = journal.table('counters');
    const segments = this.#clockTable.get('segments');
    this.clock = segments ? new FleetClock(segments, wallNow) : FleetClock.begin(speed, wallNow);
    this.ledger = new Ledger(journal);
    this.faults = new Faults(journal.table<Fault>('faults'), this.chance);
    this.limits = new RateLimits((account, region) => ({
      ...description.limits,
      ...this.regionOf(account, region)?.limits,
    }));
    this.catalogue = new Catalogue(journal.table<Patch>('patches'));
    this.agenda = new Agenda(journal.table<ScheduledEvent>('agenda'));
    this.nodes = journal.table('nodes');
    this.commands = journal.table('commands');
    this.invocations = journal.table('invocations');
    this.reports = journal.table('reports');
    this.snapshots = journal.table('snapshots');
    this.rootVolumeTasks = journal.table('rootVolumeTasks');
    this.looseVolumes = journal.table('looseVolumes');
    this.desiredCapacities = journal.table('desiredCapacities');
    this.automations = journal.table('automations');
    this.baselines = journal.table('baselines');
    this.patchGroups = journal.table('patchGroups');
    this.maintenanceWindows = journal.table('maintenance-windows');
    this.associations = journal.table('associations');
    this.patchSnapshots = journal.table('patchSnapshots');
    this.sessions = journal.table('sessions');
    this.objects = journal.table('objects');
    for (const node of this.nodes.values()) this.#indexNode(node);
    for (const command of this.commands.values()) this.#indexCommand(command);
    for (const snapshot of this.snapshots.values()) this.#indexSnapshot(snapshot);
    if (segments && this.clock.speed !== speed) this.setSpeed(speed);
    else this.#clockTable.put('segments', [...this.clock.segments]);
  }

  /** Wall time at which this fleet began, restarts not counted. */
  get began(): number {
    return this.clock.segments[0]?.wall ?? 0;
  }

  setSpeed(speed: number): void {
    this.clock.setSpeed(speed);
    this.#clockTable.put('segments', [...this.clock.segments]);
  }

  addNode(node: FleetNode): void {
    this.nodes.put(node.id, node);
    this.#indexNode(node);
  }

  addCommand(command: Command): void {
    this.commands.put(command.id, command);
    this.#indexCommand(command);
  }

  addSnapshot(snapshot: Snapshot): void {
    this.snapshots.put(snapshot.id, snapshot);
    this.#indexSnapshot(snapshot);
  }

  removeSnapshot(snapshot: Snapshot): void {
    this.snapshots.delete(snapshot.id);
    this.#snapshotsAt.get(`${snapshot.account}/${snapshot.region}`)?.delete(snapshot.id);
  }

  nodesAt(account: string, region: string): readonly FleetNode[] {
    return this.#nodesAt.get(`${account}/${region}`) ?? [];
  }

  /** In the order in which they were accepted. */
  commandsAt(account: string, region: string): readonly Command[] {
    return this.#commandsAt.get(`${account}/${region}`) ?? [];
  }

  snapshotsAt(account: string, region: string): Snapshot[] {
    return [...(this.#snapshotsAt.get(`${account}/${region}`)?.values() ?? [])];
  }

  accountOf(id: string) {
    return this.description.accounts.find((account) => account.id === id);
  }

  regionOf(account: string, region: string) {
    return this.accountOf(account)?.regions[region];
  }

  /** The next number of a series; it goes on after a restart. */
  next(series: string): number {
    const number = (this.#counters.get(series) ?? 0) + 1;
    this.#counters.put(series, number);
    return number;
  }

  /** A duration in milliseconds of fleet time that belongs to `key`. */
  duration(kind: keyof Durations, ...key: (string | number)[]): number {
    const [low, high] = this.description.durations[kind];
    return this.chance.between(low, high, kind, ...key) * 1000;
  }

  /** Wall time from which the service shows what it accepts now. */
  visibleFrom(key: string): number {
    const [low, high] = this.description.consistencyMs;
    return this.clock.wall() + this.chance.between(low, high, 'visible', key);
  }

  /** Records what befell a node at a moment of fleet time. */
  record(fleetTime: number, kind: LedgerKind, node: FleetNode, detail: Record<string, unknown> = {}): void {
    this.ledger.record(this.clock.wallOf(fleetTime), kind, { ...placeOf(node), ...detail });
  }

  #indexNode(node: FleetNode): void {
    append(this.#nodesAt, `${node.account}/${node.region}`, node);
  }

  #indexSnapshot(snapshot: Snapshot): void {
    const location = `${snapshot.account}/${snapshot.region}`;
    const snapshots = this.#snapshotsAt.get(location) ?? new Map<string, Snapshot>();
    this.#snapshotsAt.set(location, snapshots.set(snapshot.id, snapshot));
  }

  #indexCommand(command: Command): void {
    append(this.#commandsAt, `${command.account}/${command.region}`, command);
  }
}

/** How the ledger names a node's place. */
export function placeOf(node: FleetNode) {
  return {
    account: node.account,
    region: node.region,
    node: node.id,
    ...(node.zoneId === undefined ? {} : { zoneId: node.zoneId }),
  };
}

function append<T>(index: Map<string, T[]>, key: string, item: T): void {
  const items = index.get(key);
  if (items) items.push(item);
  else index.set(key, [item]);
}
