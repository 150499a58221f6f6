import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import { RESTORE_ENDS } from '../domain/rollback.js';
import { talkingToAws } from './failures.js';
import {
  type Automation,
  type Command,
  type Fleet,
  FleetError,
  type NodeResult,
  type Operation,
  type Records,
  type Snapshot,
} from './ports.js';

export interface WatchRequest {
  readonly run: string;
  readonly at: Location;
  /** From 1: which of the run's watches this is; its own retry reports again what it had seen end. */
  readonly watch: number;
  readonly awaited: readonly string[];
}

export interface OperationEnded {
  readonly key: string;
  readonly succeeded: number;
  readonly failed: number;
}

export type WatchActivities = ReturnType<typeof createWatchActivities>;

/** Polls soon after something was sent and ever less often while nothing happens: a share of the age, within these bounds. */
const POLL = { least: 1_000, most: 180_000, share: 0.5 };
/**
 * A longer pause is Temporal's: the attempt ends, and the next one looks again. A pause in here costs a heartbeat each
 * 20 s (four fifths of the heartbeat time-out), a retry costs one action however long the pause is, no event, no worker.
 */
const LONGEST_PAUSE_HERE = 20_000;
/** Looks that go wrong one after the other before the workflow hears of it: about a minute. */
const PATIENCE = { looks: 6, least: 1_000, most: 20_000 };
/** A command may have been accepted a little before our clock says so. */
const CLOCK_SKEW = 5 * 60_000;

/** Following what a run has begun in one location, with as few calls as AWS allows. */
export function createWatchActivities({
  fleet,
  records,
  draining,
  pace = 1,
}: {
  readonly fleet: Fleet;
  readonly records: Records;
  /** How many times quicker than in truth things go, for benches. */
  readonly pace?: number;
  /** Aborted when the worker begins to shut down: a watch has nothing to finish, so another worker goes on at once. */
  readonly draining?: AbortSignal;
}) {
  const lookAt = endsOf(fleet, pace);

  /** Returns when at least one operation of the run has ended, or nothing is left to wait for. */
  async function watch(request: WatchRequest): Promise<OperationEnded[]> {
    return talkingToAws(async (signal) => {
      for (;;) {
        const { ended, open } = await patiently(() => look(request, signal), signal);
        if (ended.length > 0 || open.length === 0) return ended;
        const wait = pollInterval(open, pace);
        if (wait * pace > LONGEST_PAUSE_HERE) throw lookAgain(open, wait);
        await pause(wait, undefined, { signal });
      }
    }, draining);
  }

  async function look(
    request: WatchRequest,
    signal: AbortSignal,
  ): Promise<{ ended: OperationEnded[]; open: readonly Operation[] }> {
    const operations = await records.watched(request.run, request.watch, request.awaited);
    const open = operations.filter(({ status }) => status !== 'ended');
    const { results, pending } = await lookAt(request.at, open, signal);
    for (const [key, nodes] of results) await records.ended(key, request.watch, nodes);
    // What is pending past its deadline keeps its room: it is looked at again when somebody needs it.
    for (const { key, kind } of open)
      if (kind === 'snapshots' && results.has(key) && !pending.has(key)) await records.giveBackSnapshotRoom(key);
    const ended = operations.flatMap((operation) => {
      const nodes = operation.status === 'ended' ? operation.results : results.get(operation.key);
      return nodes ? [endOf(operation.key, nodes)] : [];
    });
    return { ended, open };
  }

  return { watch };
}

/** How operations end that were sent in one location. `pace` as above. */
export function endsOf(fleet: Fleet, pace = 1) {
  /** The results of those open operations that have ended, or whose deadline has passed; the keys with pending snapshots. */
  async function lookAt(
    at: Location,
    open: readonly Operation[],
    signal: AbortSignal,
  ): Promise<{ results: Map<string, readonly NodeResult[]>; pending: ReadonlySet<string> }> {
    const sent = open.filter(({ status }) => status === 'sent');
    const ended = new Map<string, readonly NodeResult[]>();
    const commands = sent.filter(({ kind }) => kind === 'command');
    const listed = commands.length > 0 ? await listCommands(at, commands, signal) : [];
    const snapshots = sent.filter(({ kind }) => kind === 'snapshots').map(({ key }) => key);
    const found = snapshots.length > 0 ? await fleet.findSnapshots(at, commonPrefix(snapshots), signal) : [];
    for (const operation of sent) {
      const refused = new Map(operation.results.map((result) => [result.node, result]));
      const rest = { ...operation, nodes: operation.nodes.filter((node) => !refused.has(node)) };
      const results =
        rest.nodes.length === 0 ? [] : await resultsOf(at, rest, { commands: listed, snapshots: found }, signal);
      if (!results) continue;
      for (const result of results) refused.set(result.node, result);
      ended.set(
        operation.key,
        operation.nodes.flatMap((node) => refused.get(node) ?? []),
      );
    }
    const pending = new Set(found.filter(({ status }) => status === 'pending').map(({ key }) => key));
    return { results: ended, pending };
  }

  async function listCommands(at: Location, commands: readonly Operation[], signal: AbortSignal): Promise<Command[]> {
    const first = Math.min(...commands.map(({ intendedAt }) => Date.parse(intendedAt)));
    const since = new Date(first - CLOCK_SKEW / pace).toISOString() as Instant;
    return fleet.listCommands(at, { keyPrefix: commonPrefix(commands.map(({ key }) => key)), since }, signal);
  }

  function resultsOf(
    at: Location,
    operation: Operation,
    listed: Listed,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    switch (operation.kind) {
      case 'command':
        return commandResults(at, operation, listed.commands, signal);
      case 'automation':
        return automationResults(at, operation, signal);
      case 'snapshots':
        return Promise.resolve(snapshotResults(operation, listed.snapshots));
      case 'root-volumes':
        return restoreResults(at, operation, signal);
      case 'agent-back':
      case 'instances-running':
        return agentResults(at, operation, signal);
      case 'instances-stopped':
        return stoppedResults(at, operation, signal);
      case 'instances-rebooted':
      case 'tags':
        // Done when they are answered; what comes of a reboot, the wait for the agents tells.
        return Promise.resolve(operation.nodes.map((node) => resultFor(node, 'success', 'Told to AWS.')));
    }
  }

  /** Every invocation is judged by itself: undeliverable and terminated ones do not show in the command's own status. */
  async function commandResults(
    at: Location,
    operation: Operation,
    listed: readonly Command[],
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    const [commandId] = operation.externalIds;
    if (!commandId)
      return operation.nodes.map((node) => resultFor(node, 'undeliverable', 'No node was left to send to.'));
    const overdue = isOverdue(operation);
    const command = listed.find((found) => found.commandId === commandId);
    if (command?.status !== 'ended' && !overdue) return null;
    const look = async () =>
      new Map((await fleet.listInvocations(at, commandId, signal)).map((invocation) => [invocation.node, invocation]));
    let invocations = await look();
    const running = [...invocations.values()].some(({ status }) => status === 'running');
    if (running && !overdue) return null;
    if (running && !(await hasStopped(fleet.cancelCommand(at, commandId, signal)))) invocations = await look();
    return operation.nodes.map((node) => {
      const invocation = invocations.get(node);
      if (!invocation) return resultFor(node, 'undeliverable', 'The command has no invocation on this node.');
      const { status, detail, outputUrl } = invocation;
      if (status === 'running')
        return { node, status: 'timed-out', detail: `Not ended by ${operation.deadline}.`, outputUrl };
      return { node, status, detail, outputUrl };
    });
  }

  /** One execution per node that was not refused, in the nodes' order, or one that stands for all of them. */
  async function automationResults(
    at: Location,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    const overdue = isOverdue(operation);
    const found: Automation[] = [];
    for (const executionId of operation.externalIds) {
      let execution = await fleet.automation(at, executionId, signal);
      if (execution.status === 'running') {
        if (!overdue) return null;
        const stopped = await hasStopped(fleet.stopAutomation(at, executionId, signal));
        if (!stopped) execution = await fleet.automation(at, executionId, signal);
      }
      found.push(execution);
    }
    return operation.nodes.map((node, index) => {
      const execution = found[index] ?? found[0];
      if (!execution) return resultFor(node, 'failed', 'No automation was started.');
      const { status, message } = execution;
      if (status === 'running') return resultFor(node, 'timed-out', `Not ended by ${operation.deadline}.`);
      return resultFor(node, status, message);
    });
  }

  function snapshotResults(operation: Operation, listed: readonly Snapshot[]): readonly NodeResult[] | null {
    const overdue = isOverdue(operation);
    const snapshots = listed.filter(({ key }) => key === operation.key);
    const states = operation.nodes.map((node) => {
      const own = snapshots.filter((snapshot) => snapshot.node === node);
      if (own.some(({ status }) => status === 'error')) return { node, state: 'error' } as const;
      const done = own.length > 0 && own.every(({ status }) => status === 'completed');
      return { node, state: done ? 'completed' : 'pending' } as const;
    });
    if (!overdue && states.some(({ state }) => state === 'pending')) return null;
    return states.map(({ node, state }) => {
      if (state === 'completed') return resultFor(node, 'success', 'All volumes have a completed snapshot.');
      if (state === 'error') return resultFor(node, 'failed', 'A snapshot ended in error.');
      return resultFor(node, 'failed', `A snapshot was still pending at ${operation.deadline}.`);
    });
  }

  /** `detail` begins with EC2's own word for the task's end: that of a failure decides what is left of the node. */
  async function restoreResults(
    at: Location,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    const tasks = await fleet.restoreTasks(at, operation.key, operation.nodes, signal);
    const taskOf = new Map(tasks.map((task) => [task.node, task]));
    const open = operation.nodes.some((node) => !isRestoreEnd(taskOf.get(node)?.state));
    if (open && !isOverdue(operation)) return null;
    return operation.nodes.map((node) => {
      const task = taskOf.get(node);
      if (!task) return resultFor(node, 'timed-out', `EC2 shows no task for it by ${operation.deadline}.`);
      const detail = `${task.state}, task ${task.taskId}`;
      if (task.state === 'succeeded') return resultFor(node, 'success', detail);
      if (isRestoreEnd(task.state)) return resultFor(node, 'failed', detail);
      return resultFor(node, 'timed-out', `${detail}, which had not ended by ${operation.deadline}.`);
    });
  }

  async function agentResults(
    at: Location,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    const online = await fleet.onlineNodes(at, operation.nodes, signal);
    const others = operation.nodes.filter((node) => !online.includes(node));
    const rest = others.length === 0 ? [] : await fleet.describeNodes(at, others, signal);
    const pings = new Map([
      ...online.map((node) => [node, 'online'] as const),
      ...rest.map(({ id, ping }) => [id, ping] as const),
    ]);
    if (!isOverdue(operation) && rest.some(({ ping }) => ping !== 'online')) return null;
    return operation.nodes.map((node) => {
      const ping = pings.get(node);
      // Nobody waits for what is not listed any more: it does not come back.
      if (ping === undefined) return { ...resultFor(node, 'failed', 'The node is no longer there.'), gone: true };
      return ping === 'online'
        ? resultFor(node, 'success', 'Its agent is online.')
        : resultFor(node, 'timed-out', `Its agent was not back by ${operation.deadline}.`);
    });
  }

  async function stoppedResults(
    at: Location,
    operation: Operation,
    signal: AbortSignal,
  ): Promise<readonly NodeResult[] | null> {
    const states = new Map(
      (await fleet.instanceStates(at, operation.nodes, signal)).map(({ node, state }) => [node, state]),
    );
    // One that is gone does not run either.
    const isStopped = (node: NodeId) => (states.get(node) ?? 'stopped') === 'stopped';
    if (!isOverdue(operation) && !operation.nodes.every(isStopped)) return null;
    return operation.nodes.map((node) =>
      isStopped(node)
        ? resultFor(node, 'success', 'Stopped.')
        : resultFor(node, 'timed-out', `Not stopped by ${operation.deadline}.`),
    );
  }

  return lookAt;
}

/** What one look lists for all operations of a run. */
interface Listed {
  readonly commands: readonly Command[];
  readonly snapshots: readonly Snapshot[];
}

const isRestoreEnd = (state: string | undefined): boolean => RESTORE_ENDS.some((end) => end === state);
const isOverdue = ({ deadline }: Operation): boolean => deadline !== null && Date.now() >= Date.parse(deadline);

/** False where AWS refuses to stop it: then it has ended meanwhile, and a second look tells how. */
async function hasStopped(stopping: Promise<void>): Promise<boolean> {
  try {
    await stopping;
    return true;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'rejected') return false;
    throw error;
  }
}

const resultFor = (node: NodeId, status: NodeResult['status'], detail: string): NodeResult => ({
  node,
  status,
  detail,
  outputUrl: null,
});

function endOf(key: string, results: readonly NodeResult[]): OperationEnded {
  const succeeded = results.filter(({ status }) => status === 'success').length;
  return { key, succeeded, failed: results.length - succeeded };
}

/** Looks again where it goes wrong: attempts are no measure of that, since each long pause is one. */
async function patiently<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let looks = 1; ; looks++) {
    try {
      return await work();
    } catch (error) {
      if (looks === PATIENCE.looks || signal.aborted || isFinal(error)) throw error;
      await pause(Math.min(PATIENCE.most, PATIENCE.least * 2 ** (looks - 1)), undefined, { signal });
    }
  }
}

const isFinal = (error: unknown): boolean =>
  error instanceof FleetError && (error.code === 'denied' || error.code === 'rejected');

/** Ends an attempt that has found nothing; workflows/activities.ts has it repeated for as long as it takes. */
const lookAgain = (open: readonly Operation[], wait: number): ApplicationFailure =>
  ApplicationFailure.create({
    type: NOTHING_ENDED,
    message: `${open.length} still under way; the next look is in ${Math.round(wait / 1000)} s.`,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: wait,
  });
export const NOTHING_ENDED = 'nothing-ended-yet';

/** In milliseconds. */
function pollInterval(open: readonly Operation[], pace: number): number {
  const sentAt = ({ intendedAt, deadline, timeout }: Operation) =>
    deadline === null ? Date.parse(intendedAt) : Date.parse(deadline) - timeout;
  const newest = Math.max(...open.map(sentAt));
  const [least, most] = [POLL.least / pace, POLL.most / pace];
  return Math.min(most, Math.max(least, (Date.now() - newest) * POLL.share));
}

function commonPrefix(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const text of others) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}
