import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import {
  type Fleet,
  FleetError,
  type NodeResult,
  type Operation,
  type OperationKind,
  type OperationOwner,
  type Records,
} from './ports.js';
import { Turns } from './turns.js';

/** What one step asks of the fleet for some nodes of one location. */
export type Effect =
  | {
      readonly kind: 'command';
      readonly document: string;
      readonly parameters: Readonly<Record<string, readonly string[]>>;
      readonly executionTimeout: number;
    }
  | {
      readonly kind: 'automation';
      readonly document: string;
      readonly parameters: Readonly<Record<string, readonly string[]>>;
      readonly perNode: boolean;
    }
  /** `now`: of these nodes only, since there is room for no more; the others are left for another time. */
  | {
      readonly kind: 'snapshots';
      readonly tags: Readonly<Record<string, string>>;
      readonly now?: readonly NodeId[];
    }
  /** From each node's snapshot of its root volume. */
  | {
      readonly kind: 'root-volumes';
      readonly snapshots: Readonly<Record<NodeId, string>>;
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'instances-running' | 'instances-stopped' | 'instances-rebooted' | 'agent-back' };

export interface EffectRequest extends OperationOwner {
  readonly key: string;
  readonly at: Location;
  readonly batch: number;
  readonly step: string;
  readonly nodes: readonly NodeId[];
  /** Milliseconds from the send. */
  readonly timeout: number;
  readonly failureIsProblem: boolean;
  readonly effect: Effect;
}

/**
 * Nothing is sent twice, though Temporal may start a second attempt while the first one only slept (a stopped process, a
 * paused machine, a worker cut off): at the wire, an attempt asks the store whether the send is still its own, and what it
 * sends leaves within SEND_WITHIN of asking or not at all. A later attempt takes the send over and then looks for GRACE. So
 * whatever the earlier one still sent has been accepted by the time the looking ends:
 *
 *   SEND_WITHIN (2.5 s) + connection and request time-out (2 s + 10 s, aws/clients.ts) < GRACE (15 s)
 *
 * What is left open is a stall between the last look at the clock and the write to the socket. GRACE also covers that AWS
 * is eventually consistent: an empty answer right after an unknown outcome is no proof.
 */
const SEND_WITHIN = 2_500;
const GRACE = 15_000;

/** EC2's bucket for CreateSnapshots, of an account in a Region (EC2 API reference, request throttling). */
const SNAPSHOT_RATE = { capacity: 100, refill: 5 };
/** Of one snapshot, before the workflow hears that AWS is busy. */
const MOST_REFUSALS = 5;
/** A command may have been accepted a little before our clock says so. */
const CLOCK_SKEW = 5 * 60_000;

interface Sent {
  /** Only in part: it stays intended. */
  readonly partly?: true;
  readonly externalIds: readonly string[];
  readonly refused: readonly NodeResult[];
}

/**
 * Carries an effect out once, whatever crashes: the intent is recorded first, under a deterministic key that goes into the
 * effect itself; where an intent is found from before, the fleet is searched for its key, for a while, before anything is
 * sent again. Automations need no search (their token makes them one), nor do starting and stopping (twice is once).
 */
export class Effects {
  private readonly fleet: Fleet;
  private readonly records: Records;
  private readonly grace: number;
  private readonly snapshotTurns: Turns;

  constructor({
    fleet,
    records,
    grace = GRACE,
    pace = 1,
  }: {
    readonly fleet: Fleet;
    readonly records: Records;
    readonly grace?: number;
    /** How many times quicker than in truth AWS lets calls through, for benches. */
    readonly pace?: number;
  }) {
    this.fleet = fleet;
    this.records = records;
    this.grace = grace;
    this.snapshotTurns = new Turns({ ...SNAPSHOT_RATE, refill: SNAPSHOT_RATE.refill * pace });
  }

  /**
   * Returns when the effect has been sent, or had been before; the watch sees its end. Its deadline counts from the send. False:
   * it was sent in part, and is to be asked for again.
   */
  async carryOut(request: EffectRequest, signal: AbortSignal): Promise<boolean> {
    const { effect, at, ...owned } = request;
    const intent = { ...owned, ...at, kind: kindOf(effect), intendedAt: instant(Date.now()) };
    const { operation, fresh, attempt } = await this.records.intend(intent);
    if (operation.status !== 'intended') return true;
    const own: Own = { operation, fresh, attempt, mine: () => this.mine(operation, attempt) };
    try {
      const { externalIds, refused, partly } = await this.send(own, effect, signal);
      if (partly) return false;
      await this.records.sent(operation.key, externalIds, instant(Date.now() + operation.timeout), refused);
    } catch (error) {
      if (!isRejected(error)) throw error;
      // The same request stays wrong: that is how the step ended, for every node.
      const results = operation.nodes.map((node) => refusal(node, error));
      await this.records.ended(operation.key, 0, results);
    }
    return true;
  }

  /** Throws where the send is not this attempt's any more, or the store took too long to say so. */
  private async mine(operation: Operation, attempt: number): Promise<void> {
    const asked = { monotonic: performance.now(), wall: Date.now() };
    const unsent = (why: string) =>
      new FleetError({
        code: 'not-sent',
        effect: 'none',
        location: operation,
        operation: operation.step,
        message: `${operation.key} was not sent: ${why}`,
      });
    if (!(await this.records.maySend(operation.key, attempt))) throw unsent('another attempt has taken it over.');
    // Either clock may stand still while a machine is paused.
    const passed = Math.max(performance.now() - asked.monotonic, Date.now() - asked.wall);
    if (passed > SEND_WITHIN) {
      throw unsent(
        `the store gave leave ${Math.round(passed)} ms after it was asked. Is it, or this worker, too slow?`,
      );
    }
  }

  private async send(own: Own, effect: Effect, signal: AbortSignal): Promise<Sent> {
    const { operation, fresh } = own;
    const at: Location = operation;
    switch (effect.kind) {
      case 'command': {
        const found = fresh ? null : await this.findCommand(operation, signal);
        return { externalIds: [found ?? (await this.sendCommand(own, effect, signal))], refused: [] };
      }
      case 'automation': {
        const start = async (node: NodeId | null) => {
          const token = uuidOf(node === null ? operation.key : `${operation.key} ${node}`);
          const parameters = node === null ? effect.parameters : { ...effect.parameters, InstanceId: [node] };
          const request = { token, document: effect.document, parameters };
          return (await this.fleet.startAutomation(at, request, signal)).executionId;
        };
        if (!effect.perNode) return { externalIds: [await start(null)], refused: [] };
        const { done, refused } = await nodeByNode(operation.nodes, start);
        return { externalIds: done, refused };
      }
      case 'snapshots': {
        const have = fresh ? new Set<NodeId>() : await this.findSnapshots(operation, signal);
        const { now = operation.nodes } = effect;
        const lacking = now.filter((node) => !have.has(node));
        const { refused } = await nodeByNode(lacking, async (node) => {
          const request = { key: operation.key, node, tags: effect.tags };
          await this.inTurn(at, signal, () => this.fleet.createSnapshots(at, request, signal, own.mine));
        });
        return { externalIds: [], refused, ...(effect.now && { partly: true }) };
      }
      case 'root-volumes':
        return this.restoreRootVolumes(own, effect, signal);
      case 'instances-running':
        return allOrEach(operation.nodes, (nodes) => this.fleet.startInstances(at, nodes, signal));
      case 'instances-stopped':
        return allOrEach(operation.nodes, (nodes) => this.fleet.stopInstances(at, nodes, signal));
      case 'instances-rebooted':
        return this.rebootInstances(own, signal);
      case 'tags':
        return allOrEach(operation.nodes, (nodes) => this.fleet.tagNodes(at, nodes, effect.tags, signal));
      case 'agent-back':
        return { externalIds: [], refused: [] };
    }
  }

  /**
   * RebootInstances takes no token and leaves nothing to look for, and a second reboot would break off the boot after the
   * first. So what an earlier attempt may have sent counts as sent, without an id: whether it was, the agents tell, and for
   * those that do not come the batch asks once more (`ec2-reboot-again`). What surely was not sent is forgotten.
   */
  private async rebootInstances({ operation, fresh, attempt, mine }: Own, signal: AbortSignal): Promise<Sent> {
    if (!fresh) return { externalIds: [], refused: [] };
    let asked = 0;
    try {
      const { refused } = await nodeByNode(
        operation.nodes,
        async (node) => {
          await this.fleet.rebootInstance(operation, node, signal, mine);
          asked += 1;
        },
        isRefused,
      );
      return { externalIds: [REBOOTED], refused };
    } catch (error) {
      const nothingSent = asked === 0 && error instanceof FleetError && error.effect === 'none';
      if (nothingSent) await this.records.withdraw(operation.key, attempt);
      throw error;
    }
  }

  /**
   * A task that EC2 has taken is found by its key, or is the same by its token. A node that is in no state for it (another
   * task is at work, say) is refused like any other: nobody knows that waiting would mend it.
   */
  private async restoreRootVolumes(
    { operation, fresh, mine }: Own,
    { snapshots, tags }: Extract<Effect, { kind: 'root-volumes' }>,
    signal: AbortSignal,
  ): Promise<Sent> {
    const have = fresh ? new Set<NodeId>() : await this.findTasks(operation, signal);
    const lacking = operation.nodes.filter((node) => !have.has(node));
    const { refused } = await nodeByNode(
      lacking,
      async (node) => {
        const snapshot = snapshots[node];
        if (snapshot === undefined) throw new Error(`${operation.key} has no snapshot of ${node}.`);
        const token = uuidOf(`${operation.key} ${node}`);
        const request = { token, key: operation.key, node, snapshot, tags };
        await this.fleet.restoreRootVolume(operation, request, signal, mine);
      },
      isRefused,
    );
    return { externalIds: [], refused };
  }

  private async findTasks(operation: Operation, signal: AbortSignal): Promise<Set<NodeId>> {
    return this.nodesWithin(operation, signal, () =>
      this.fleet.restoreTasks(operation, operation.key, operation.nodes, signal),
    );
  }

  /** A refusal for the rate has done nothing, so it needs no search: it waits for the next turn. */
  private async inTurn(at: Location, signal: AbortSignal, work: () => Promise<unknown>): Promise<void> {
    for (let refusals = 0; ; refusals++) {
      await this.snapshotTurns.take(at, signal);
      try {
        await work();
        return;
      } catch (error) {
        const throttled = error instanceof FleetError && error.code === 'throttled' && error.effect === 'none';
        if (!throttled || refusals === MOST_REFUSALS) throw error;
        this.snapshotTurns.refused(at);
      }
    }
  }

  private async findCommand(operation: Operation, signal: AbortSignal): Promise<string | null> {
    const since = instant(Date.parse(operation.intendedAt) - CLOCK_SKEW);
    return this.withinGrace(async () => {
      const commands = await this.fleet.listCommands(operation, { keyPrefix: operation.key, since }, signal);
      return commands.find(({ key }) => key === operation.key)?.commandId ?? null;
    }, signal);
  }

  private findSnapshots(operation: Operation, signal: AbortSignal): Promise<Set<NodeId>> {
    return this.nodesWithin(operation, signal, () => this.fleet.findSnapshots(operation, operation.key, signal));
  }

  /** What is sent node by node: the search is over when each is found, or the grace has passed. */
  private async nodesWithin(
    operation: Operation,
    signal: AbortSignal,
    look: () => Promise<readonly { readonly node: NodeId; readonly key: string | null }[]>,
  ): Promise<Set<NodeId>> {
    let have = new Set<NodeId>();
    await this.withinGrace(async () => {
      have = new Set((await look()).filter(({ key }) => key === operation.key).map(({ node }) => node));
      return operation.nodes.every((node) => have.has(node)) ? have : null;
    }, signal);
    return have;
  }

  /** Asks ever less often: many attempts may be looking at the same time, and the last look is the one that counts. */
  private async withinGrace<Found>(look: () => Promise<Found | null>, signal: AbortSignal): Promise<Found | null> {
    const until = Date.now() + this.grace;
    for (let wait = 1_000; ; wait *= 2) {
      const left = until - Date.now();
      const found = await look();
      if (found !== null || left <= 0) return found;
      await pause(Math.min(wait, Math.max(until - Date.now(), 0)), undefined, { signal });
    }
  }

  /**
   * SSM refuses a whole command for one node that is gone. Then it is sent to the ones that are there; the others have no
   * invocation, which the watch reports as undeliverable.
   */
  private async sendCommand(
    { operation, mine }: Own,
    effect: Extract<Effect, { kind: 'command' }>,
    signal: AbortSignal,
  ): Promise<string> {
    const { document, parameters, executionTimeout } = effect;
    const send = async (nodes: readonly NodeId[]) => {
      const request = { key: operation.key, document, parameters, nodes, executionTimeout };
      return (await this.fleet.sendCommand(operation, request, signal, mine)).commandId;
    };
    try {
      return await send(operation.nodes);
    } catch (error) {
      if (!isRejected(error)) throw error;
      const present = await this.fleet.describeNodes(operation, operation.nodes, signal);
      const online = present.filter(({ ping }) => ping === 'online').map(({ id }) => id);
      if (online.length === 0 || online.length === operation.nodes.length) throw error;
      return send(operation.nodes.filter((node) => online.includes(node)));
    }
  }
}

/** An operation that this attempt has intended last. */
interface Own {
  readonly operation: Operation;
  readonly fresh: boolean;
  readonly attempt: number;
  readonly mine: () => Promise<void>;
}

/** What AWS refuses for one node is that node's result, and nobody else's. */
async function nodeByNode<Done>(
  nodes: readonly NodeId[],
  work: (node: NodeId) => Promise<Done>,
  isRefusal: (error: unknown) => error is FleetError = isRejected,
): Promise<{ done: Done[]; refused: NodeResult[] }> {
  const done: Done[] = [];
  const refused: NodeResult[] = [];
  for (const node of nodes) {
    try {
      done.push(await work(node));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push(refusal(node, error));
    }
  }
  return { done, refused };
}

/** In one call; where AWS refuses that, for one node or for all, in a call for each. */
async function allOrEach(nodes: readonly NodeId[], work: (nodes: readonly NodeId[]) => Promise<void>): Promise<Sent> {
  try {
    await work(nodes);
    return { externalIds: [], refused: [] };
  } catch (error) {
    if (!isRejected(error)) throw error;
    const { refused } = await nodeByNode(nodes, (node) => work([node]));
    return { externalIds: [], refused };
  }
}

const isRejected = (error: unknown): error is FleetError => error instanceof FleetError && error.code === 'rejected';
/** Also a node that is in no state for it: where each node is a call of its own, nobody waits for one. */
const isRefused = (error: unknown): error is FleetError => isRejected(error) || isNotYet(error);
const isNotYet = (error: unknown): error is FleetError => error instanceof FleetError && error.code === 'not-yet';
const refusal = (node: NodeId, { message }: FleetError): NodeResult => ({
  node,
  status: 'failed',
  detail: message,
  outputUrl: null,
});

/** The mark of a reboot that EC2 has answered: it gives none of its own. */
export const REBOOTED = 'answered';

const kindOf = ({ kind }: Effect): OperationKind => kind;
const instant = (milliseconds: number): Instant => new Date(milliseconds).toISOString() as Instant;

/** The same text is always the same UUID (version 8: of our own making). */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
