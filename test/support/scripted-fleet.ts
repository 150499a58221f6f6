import {
  type CommandRequest,
  type Fleet,
  FleetError,
  type FleetErrorCode,
  type Snapshot,
} from '../../activities/ports.js';
import type { RestoreTask } from '../../activities/rollback-ports.js';
import type { ManagedNode, NodePatch } from '../../domain/fleet.js';
import type { Location, NodeId } from '../../domain/ids.js';

/** What happened to the scripted fleet, in order. */
export interface Effect {
  readonly kind: 'command' | 'snapshot' | 'restore' | 'automation' | 'start' | 'stop' | 'reboot' | 'tag' | 'untag';
  readonly key: string;
  readonly document: string;
  readonly nodes: readonly NodeId[];
}

const BOOTS: ReadonlySet<Effect['kind']> = new Set(['restore', 'reboot']);

/**
 * A fleet in memory for the activities: every command succeeds at once, every agent is online. A test replaces the methods
 * of `fleet` that it wants to behave otherwise, and reads `effects`.
 */
export function scriptedFleet(nodes: readonly ManagedNode[]) {
  const effects: Effect[] = [];
  const commands = new Map<string, CommandRequest>();
  const snapshots: Snapshot[] = [];
  const tasks: RestoreTask[] = [];
  const present = new Map(nodes.map((node) => [node.id, node]));
  const patches = new Map<NodeId, readonly NodePatch[]>();
  const there = (wanted: readonly NodeId[]) => wanted.flatMap((node) => present.get(node) ?? []);
  const note = (kind: Effect['kind'], key: string, document: string, on: readonly NodeId[]) =>
    effects.push({ kind, key, document, nodes: on });

  const fleet: Fleet = {
    findNodes: async () => [...present.values()],
    describeNodes: async (_at, wanted) => there(wanted),
    onlineNodes: async (_at, wanted) =>
      there(wanted)
        .filter(({ ping }) => ping === 'online')
        .map(({ id }) => id),
    sendCommand: async (_at, request, _signal, beforeSend) => {
      await beforeSend?.();
      const commandId = `command-${commands.size + 1}`;
      commands.set(commandId, request);
      note('command', request.key, request.document, request.nodes);
      return { commandId };
    },
    listCommands: async (_at, { keyPrefix }) =>
      [...commands]
        .filter(([, { key }]) => key.startsWith(keyPrefix))
        .map(([commandId, { key }]) => ({ commandId, key, status: 'ended' })),
    listInvocations: async (_at, commandId) =>
      (commands.get(commandId)?.nodes ?? []).map((node) => ({
        node,
        status: 'success',
        detail: 'Success',
        outputUrl: null,
      })),
    cancelCommand: async () => {},
    patchStates: async (_at, wanted) =>
      wanted.map((node) => {
        const found = patches.get(node) ?? [];
        return {
          node,
          baselineId: 'pb-1',
          operation: 'Scan',
          endedAt: new Date().toISOString() as never,
          installed: found.length,
          installedOther: 0,
          missing: found.filter(({ state }) => state === 'Missing').length,
          failed: 0,
          pendingReboot: 0,
          rejected: 0,
          criticalNonCompliant: 0,
          securityNonCompliant: 0,
        };
      }),
    patches: async (_at, node) => [...(patches.get(node) ?? [])],
    ensureBaseline: async () => [],
    createSnapshots: async (_at, { key, node }, _signal, beforeSend) => {
      await beforeSend?.();
      const snapshot = {
        snapshotId: `snap-${snapshots.length + 1}`,
        node,
        volume: 'vol-1',
        key,
        status: 'completed',
      } as const;
      snapshots.push(snapshot);
      note('snapshot', key, '', [node]);
      return [snapshot];
    },
    findSnapshots: async (_at, prefix) => snapshots.filter(({ key }) => key.startsWith(prefix)),
    ownSnapshots: async () => [],
    deleteSnapshot: async () => 'deleted',
    volumeSizes: async (_at, wanted) => there(wanted).map(({ id }) => ({ node: id, volume: 'vol-1', gib: 8 })),
    instanceVolumes: async (_at, wanted) =>
      there(wanted).map(({ id, state }) => ({
        node: id,
        state,
        zoneName: 'eu-west-1a',
        root: { volume: 'vol-1', device: '/dev/xvda' },
        data: [],
      })),
    restoreRootVolume: async (_at, { key, node, snapshot }, _signal, beforeSend) => {
      await beforeSend?.();
      const taskId = `replacevol-${tasks.length + 1}`;
      tasks.push({ taskId, node, key, state: 'succeeded' });
      note('restore', key, snapshot, [node]);
      return { taskId };
    },
    restoreTasks: async (_at, key, wanted) =>
      tasks.filter((task) => task.key === key && wanted.some((node) => node === task.node)),
    // A node prints the number of its boot; each restore and reboot is another one.
    commandOutputs: async (_at, commandId) => {
      const earlier = [...commands.keys()].indexOf(commandId);
      const sentAfter = effects.filter(({ kind }) => kind === 'command')[earlier];
      const until = sentAfter === undefined ? effects.length : effects.indexOf(sentAfter);
      const boots = (node: NodeId) =>
        effects.slice(0, until).filter(({ kind, nodes }) => BOOTS.has(kind) && nodes.includes(node)).length;
      return new Map((commands.get(commandId)?.nodes ?? []).map((node) => [node, `boot-${boots(node)}\n`]));
    },
    targetHealth: async () => [],
    startAutomation: async (_at, { token, document, parameters }) => {
      note('automation', token, document, [...(parameters.InstanceId ?? [])] as NodeId[]);
      return { executionId: `execution-${token}` };
    },
    automation: async (_at, executionId) => ({ executionId, status: 'success', message: 'Success' }),
    stopAutomation: async () => {},
    startInstances: async (_at, wanted) => {
      note('start', '', '', wanted);
      for (const node of there(wanted)) present.set(node.id, { ...node, state: 'running', ping: 'online' });
    },
    stopInstances: async (_at, wanted) => {
      note('stop', '', '', wanted);
      for (const node of there(wanted)) present.set(node.id, { ...node, state: 'stopped', ping: 'connection-lost' });
    },
    rebootInstance: async (_at, node) => {
      note('reboot', '', '', [node]);
    },
    tagNodes: async (_at, wanted, tags) => {
      note('tag', Object.entries(tags).flat().join('='), '', wanted);
    },
    untagNode: async (_at, node, tags) => {
      note('untag', tags.join(), '', [node]);
    },
    instanceStates: async (_at, wanted) => there(wanted).map(({ id, state }) => ({ node: id, state })),
    otherPatching: async () => [],
    estate: async () => ({ windows: [], baselines: [], registrations: [] }),
    putObject: async (_at, name) => `s3://bucket/${name}`,
  };
  return { fleet, effects, present, patches };
}

/** What the adapters throw where AWS refuses, or does not answer. */
export const fleetError = (at: Location, code: FleetErrorCode, effect: 'none' | 'unknown' = 'none'): FleetError =>
  new FleetError({ code, effect, location: at, operation: 'Anything', message: `It was ${code}.` });
