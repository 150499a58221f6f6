import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import { sideBySide } from './locations.js';
import {
  type Fleet,
  FleetError,
  type Operation,
  type OperationKind,
  type OperationOwner,
  type Records,
} from './ports.js';

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
  | { readonly kind: 'snapshots'; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'instances-running' | 'instances-stopped' | 'agent-back' };

export interface EffectRequest extends OperationOwner {
  readonly key: string;
  readonly at: Location;
  readonly batch: number;
  readonly step: string;
  readonly nodes: readonly NodeId[];
  readonly timeout: number;
  readonly effect: Effect;
}

/** How long a look-up keeps asking: an empty answer right after an unknown outcome is no proof (AWS is eventually consistent). */
const GRACE = 8_000;
const GRACE_STEP = 1_000;
/** A command may have been accepted a little before our clock says so. */
const CLOCK_SKEW = 5 * 60_000;

/**
 * Carries an effect out once, whatever crashes: the intent is recorded first, under a deterministic key that goes into the
 * effect itself; where an intent is found from before, the fleet is searched for its key, for a while, before anything is
 * sent again. Automations need no search (their token makes them one), nor do starting and stopping (twice is once).
 */
export class Effects {
  private readonly fleet: Fleet;
  private readonly records: Records;

  constructor({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
    this.fleet = fleet;
    this.records = records;
  }

  /** Returns when the effect has been sent, or had been before; the watch sees its end. */
  async carryOut(request: EffectRequest, signal: AbortSignal): Promise<void> {
    const { effect, timeout, at, ...owned } = request;
    const now = Date.now();
    const { operation, fresh } = await this.records.intend({
      ...owned,
      ...at,
      kind: kindOf(effect),
      intendedAt: instant(now),
      deadline: instant(now + timeout),
    });
    if (operation.status !== 'intended') return;
    try {
      const externalIds = await this.send(operation, effect, fresh, signal);
      await this.records.sent(operation.key, externalIds);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'rejected') throw error;
      // The same request stays wrong: that is how the step ended, for every node.
      const results = operation.nodes.map(
        (node) => ({ node, status: 'failed', detail: error.message, outputUrl: null }) as const,
      );
      await this.records.ended(operation.key, 0, results);
    }
  }

  private async send(operation: Operation, effect: Effect, fresh: boolean, signal: AbortSignal): Promise<string[]> {
    const at: Location = operation;
    switch (effect.kind) {
      case 'command': {
        const found = fresh ? null : await this.findCommand(operation, signal);
        if (found !== null) return [found];
        return [await this.sendCommand(operation, effect, signal)];
      }
      case 'automation': {
        const nodes: readonly (NodeId | null)[] = effect.perNode ? operation.nodes : [null];
        return sideBySide(
          nodes,
          async (node) => {
            const token = uuidOf(node === null ? operation.key : `${operation.key} ${node}`);
            const parameters = node === null ? effect.parameters : { ...effect.parameters, InstanceId: [node] };
            const request = { token, document: effect.document, parameters };
            return (await this.fleet.startAutomation(at, request, signal)).executionId;
          },
          1,
        );
      }
      case 'snapshots': {
        const have = fresh ? new Set<NodeId>() : await this.findSnapshots(operation, signal);
        for (const node of operation.nodes) {
          if (have.has(node)) continue;
          await this.fleet.createSnapshots(at, { key: operation.key, node, tags: effect.tags }, signal);
        }
        return [];
      }
      case 'instances-running':
        await this.fleet.startInstances(at, operation.nodes, signal);
        return [];
      case 'instances-stopped':
        await this.fleet.stopInstances(at, operation.nodes, signal);
        return [];
      case 'agent-back':
        return [];
    }
  }

  private async findCommand(operation: Operation, signal: AbortSignal): Promise<string | null> {
    const since = instant(Date.parse(operation.intendedAt) - CLOCK_SKEW);
    return withinGrace(async () => {
      const commands = await this.fleet.listCommands(operation, { keyPrefix: operation.key, since }, signal);
      return commands.find(({ key }) => key === operation.key)?.commandId ?? null;
    }, signal);
  }

  /** Nodes are snapshotted one by one, so the search is over when each has one or the grace has passed. */
  private async findSnapshots(operation: Operation, signal: AbortSignal): Promise<Set<NodeId>> {
    let have = new Set<NodeId>();
    await withinGrace(async () => {
      const snapshots = await this.fleet.findSnapshots(operation, operation.key, signal);
      have = new Set(snapshots.filter(({ key }) => key === operation.key).map(({ node }) => node));
      return operation.nodes.every((node) => have.has(node)) ? have : null;
    }, signal);
    return have;
  }

  /**
   * SSM refuses a whole command for one node that is gone. Then it is sent to the ones that are there; the others have no
   * invocation, which the watch reports as undeliverable.
   */
  private async sendCommand(
    operation: Operation,
    effect: Extract<Effect, { kind: 'command' }>,
    signal: AbortSignal,
  ): Promise<string> {
    const { document, parameters, executionTimeout } = effect;
    const send = async (nodes: readonly NodeId[]) => {
      const request = { key: operation.key, document, parameters, nodes, executionTimeout };
      return (await this.fleet.sendCommand(operation, request, signal)).commandId;
    };
    try {
      return await send(operation.nodes);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'rejected') throw error;
      const present = await this.fleet.describeNodes(operation, operation.nodes, signal);
      const online = present.filter(({ ping }) => ping === 'online').map(({ id }) => id);
      if (online.length === 0 || online.length === operation.nodes.length) throw error;
      return send(operation.nodes.filter((node) => online.includes(node)));
    }
  }
}

const kindOf = ({ kind }: Effect): OperationKind => kind;
const instant = (milliseconds: number): Instant => new Date(milliseconds).toISOString() as Instant;

async function withinGrace<Found>(look: () => Promise<Found | null>, signal: AbortSignal): Promise<Found | null> {
  const until = Date.now() + GRACE;
  for (;;) {
    const found = await look();
    if (found !== null || Date.now() >= until) return found;
    await pause(GRACE_STEP, undefined, { signal });
  }
}

/** The same text is always the same UUID (version 8: of our own making). */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
