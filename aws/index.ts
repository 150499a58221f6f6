import type { AccountDirectory, Examiner, Fleet } from '../activities/ports.js';
import type { Location } from '../domain/ids.js';
import { automation, startAutomation, stopAutomation } from './automations.js';
import { ensureBaseline } from './baselines.js';
import { Connections } from './clients.js';
import {
  cancelCommand,
  commandOutputs,
  listCommands,
  listInvocations,
  type OutputPlace,
  sendCommand,
} from './commands.js';
import { estate } from './estate.js';
import { examine } from './examine.js';
import {
  describeNodes,
  findNodes,
  instanceStates,
  onlineNodes,
  rebootInstance,
  startInstances,
  stopInstances,
  tagNodes,
  untagNode,
} from './nodes.js';
import { bucketOf, OUTPUT_PREFIX, putObject } from './objects.js';
import type { CallObserver } from './observe.js';
import { otherPatching } from './other-patching.js';
import { patches, patchStates } from './patches.js';
import { instanceVolumes, restoreRootVolume, restoreTasks } from './root-volumes.js';
import { createSnapshots, deleteSnapshot, findSnapshots, ownSnapshots } from './snapshots.js';
import { targetHealth } from './target-groups.js';
import { volumeSizes } from './volumes.js';

export type { CallObserver, CallRecord } from './observe.js';

export interface FleetOptions {
  /** Knows each account's role and external id. */
  readonly accounts: AccountDirectory;
  /** For override lists and command output; `{region}` in it becomes the location's Region. */
  readonly bucket: string;
  /** Hears of every request to AWS, for metrics. */
  readonly onCall?: CallObserver;
}

/**
 * The fleet on AWS, as the SDK's own configuration finds it (AWS_ENDPOINT_URL, AWS_PROFILE, instance roles, …). Connections
 * are made on first use and kept until `close`, after which nothing may be called.
 */
export const createFleet = ({
  accounts,
  bucket,
  onCall = () => {},
}: FleetOptions): Fleet & Examiner & { close(): void } => {
  const connections = new Connections(accounts, onCall);
  const to = (at: Location) => connections.to(at);
  const output = (at: Location): OutputPlace => ({ bucket: bucketOf(bucket, at), prefix: OUTPUT_PREFIX });
  return {
    findNodes: (at, tags, signal) => findNodes(to(at), tags, signal),
    describeNodes: (at, nodes, signal) => describeNodes(to(at), nodes, signal),
    onlineNodes: (at, nodes, signal) => onlineNodes(to(at), nodes, signal),
    sendCommand: (at, request, signal, beforeSend) => sendCommand(to(at), output(at), request, signal, beforeSend),
    listCommands: (at, query, signal) => listCommands(to(at), query, signal),
    listInvocations: (at, commandId, signal) => listInvocations(to(at), output(at), commandId, signal),
    cancelCommand: (at, commandId, signal) => cancelCommand(to(at), commandId, signal),
    patchStates: (at, nodes, signal) => patchStates(to(at), nodes, signal),
    patches: (at, node, signal) => patches(to(at), node, signal),
    ensureBaseline: (at, request, signal) => ensureBaseline(to(at), request, signal),
    createSnapshots: (at, request, signal, beforeSend) => createSnapshots(to(at), request, signal, beforeSend),
    ownSnapshots: (at, installation, signal) => ownSnapshots(to(at), installation, signal),
    deleteSnapshot: (at, snapshotId, signal) => deleteSnapshot(to(at), snapshotId, signal),
    findSnapshots: (at, keyPrefix, signal) => findSnapshots(to(at), keyPrefix, signal),
    volumeSizes: (at, nodes, signal) => volumeSizes(to(at), nodes, signal),
    instanceVolumes: (at, nodes, signal) => instanceVolumes(to(at), nodes, signal),
    restoreRootVolume: (at, request, signal, beforeSend) => restoreRootVolume(to(at), request, signal, beforeSend),
    restoreTasks: (at, key, nodes, signal) => restoreTasks(to(at), key, nodes, signal),
    commandOutputs: (at, commandId, signal) => commandOutputs(to(at), commandId, signal),
    targetHealth: (at, targetGroup, signal) => targetHealth(to(at), targetGroup, signal),
    startAutomation: (at, request, signal) => startAutomation(to(at), request, signal),
    automation: (at, executionId, signal) => automation(to(at), executionId, signal),
    stopAutomation: (at, executionId, signal) => stopAutomation(to(at), executionId, signal),
    startInstances: (at, nodes, signal) => startInstances(to(at), nodes, signal),
    stopInstances: (at, nodes, signal) => stopInstances(to(at), nodes, signal),
    rebootInstance: (at, node, signal, beforeSend) => rebootInstance(to(at), node, signal, beforeSend),
    tagNodes: (at, nodes, tags, signal) => tagNodes(to(at), nodes, tags, signal),
    untagNode: (at, node, tags, signal) => untagNode(to(at), node, tags, signal),
    instanceStates: (at, nodes, signal) => instanceStates(to(at), nodes, signal),
    otherPatching: (at, signal) => otherPatching(to(at), signal),
    estate: (at, signal) => estate(to(at), signal),
    putObject: (at, name, body, signal) => putObject(to(at), bucketOf(bucket, at), name, body, signal),
    examine: async (at, signal) => {
      // Connections of its own: what is asked is whether the role can be assumed now, not an hour ago.
      const own = new Connections(accounts, onCall);
      const examiners = own.examiners(at);
      try {
        const account = await accounts.account(at.account);
        return await examine(own.to(at), examiners, { account, bucket: bucketOf(bucket, at) }, signal);
      } finally {
        examiners.sts.destroy();
        examiners.iam.destroy();
        own.close();
      }
    },
    close: () => connections.close(),
  };
};
