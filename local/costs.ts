import { Connection } from '@temporalio/client';
import { z } from 'zod';
import type { TemporalConfig } from '../config/index.js';

/** What workflows cost in Temporal. */
export interface WorkflowCosts {
  readonly workflows: number;
  readonly events: number;
  readonly largestHistory: number;
  /** As Temporal Cloud counts them; heartbeats are computed from how long activities ran. */
  readonly actions: number;
  /** Writes of the server to its database, which is what a self-hosted cluster is sized by. */
  readonly stateTransitions: number;
  /** Of all histories, in bytes. */
  readonly historySize: number;
}

/** What a cycle cost, over all of its workflows. */
export interface CycleCosts extends WorkflowCosts {
  readonly awsCalls: number;
  /** Of those, by operation, the most frequent first. */
  readonly awsCallsByOperation: readonly { readonly operation: string; readonly count: number }[];
}

type HistoryEvent = NonNullable<
  NonNullable<Awaited<ReturnType<Connection['workflowService']['getWorkflowExecutionHistory']>>['history']>['events']
>[number];

/** Activities heartbeat every 4 s; the SDK lets one through in 80 % of the heartbeat time-out of 25 s. */
const HEARTBEAT_REACHES_SERVER_EVERY = 20_000;

/** Reads every history of a cycle, and asks the simulated fleet how often it was called. */
export async function costsOf(
  cycleWorkflow: string,
  temporal: TemporalConfig,
  fleet: string | null,
): Promise<CycleCosts> {
  const costs = await workflowCosts(underOf(cycleWorkflow), temporal);
  const byOperation = fleet === null ? [] : await awsCalls(fleet);
  return {
    ...costs,
    awsCalls: byOperation.reduce((sum, { count }) => sum + count, 0),
    awsCallsByOperation: byOperation,
  };
}

/** A visibility query for a workflow and all that lies under its id. */
export const underOf = (workflow: string): string =>
  `WorkflowId = "${workflow}" OR WorkflowId STARTS_WITH "${workflow}/"`;

/**
 * Reads every history of the workflows that the visibility query finds.
 * @param speed how much faster than in truth things go: heartbeats are counted as for the true durations
 */
export async function workflowCosts(query: string, temporal: TemporalConfig, speed = 1): Promise<WorkflowCosts> {
  const connection = await Connection.connect(temporal.connection);
  try {
    const { namespace } = temporal;
    const lengths: number[] = [];
    let actions = 0;
    let stateTransitions = 0;
    let historySize = 0;
    let nextPageToken: Uint8Array | null = null;
    do {
      const listed: Awaited<ReturnType<typeof connection.workflowService.listWorkflowExecutions>> =
        await connection.workflowService.listWorkflowExecutions({ namespace, query, nextPageToken });
      for (const { execution } of listed.executions ?? []) {
        const events = await historyOf(connection, namespace, execution ?? {});
        lengths.push(events.length);
        actions += actionsOf(events, speed);
        const described = await connection.workflowService.describeWorkflowExecution({
          namespace,
          ...(execution ? { execution } : {}),
        });
        stateTransitions += Number(described.workflowExecutionInfo?.stateTransitionCount ?? 0);
        historySize += Number(described.workflowExecutionInfo?.historySizeBytes ?? 0);
      }
      nextPageToken = listed.nextPageToken?.length ? listed.nextPageToken : null;
    } while (nextPageToken);
    return {
      workflows: lengths.length,
      events: lengths.reduce((sum, length) => sum + length, 0),
      largestHistory: lengths.reduce((largest, length) => Math.max(largest, length), 0),
      actions,
      stateTransitions,
      historySize,
    };
  } finally {
    await connection.close();
  }
}

/** A line or two for people. `nodes` are those that the cycle touched. */
export function costsText(costs: CycleCosts, nodes: number): string {
  const each = (count: number) => (count / nodes).toFixed(1);
  const most = costs.awsCallsByOperation.slice(0, 6).map(({ operation, count }) => `${operation} ${count}`);
  return [
    `Cost of ${nodes} nodes patched: ${costs.workflows} workflows,`,
    `${costs.actions} Temporal actions (${each(costs.actions)} a node), ${costs.events} history events (${each(costs.events)} a node, ${costs.largestHistory} in the largest history),`,
    `${costs.awsCalls} AWS calls (${each(costs.awsCalls)} a node): ${most.join(', ')} …`,
  ].join('\n  ');
}

async function historyOf(
  connection: Connection,
  namespace: string,
  execution: { workflowId?: string | null; runId?: string | null },
): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | null = null;
  do {
    const page: Awaited<ReturnType<typeof connection.workflowService.getWorkflowExecutionHistory>> =
      await connection.workflowService.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : null;
  } while (nextPageToken);
  return events;
}

function actionsOf(events: readonly HistoryEvent[], speed: number): number {
  const startedAt = new Map<string, number>();
  let actions = 0;
  for (const event of events) {
    const at = millisecondsOf(event.eventTime);
    if (event.workflowExecutionStartedEventAttributes) actions += 1;
    // A child costs two: one here, and one for its own start.
    if (event.startChildWorkflowExecutionInitiatedEventAttributes) actions += 1;
    if (event.activityTaskScheduledEventAttributes) actions += 1;
    if (event.timerStartedEventAttributes) actions += 1;
    if (event.workflowExecutionSignaledEventAttributes) actions += 1;
    if (event.signalExternalWorkflowExecutionInitiatedEventAttributes) actions += 1;
    if (event.upsertWorkflowSearchAttributesEventAttributes) actions += 1;
    if (event.workflowExecutionUpdateAcceptedEventAttributes) actions += 1;
    const started = event.activityTaskStartedEventAttributes;
    if (started) {
      actions += (started.attempt ?? 1) - 1;
      startedAt.set(String(event.eventId), at);
    }
    const completed = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
    const began = startedAt.get(String(completed?.startedEventId));
    if (began !== undefined) actions += Math.floor(((at - began) * speed) / HEARTBEAT_REACHES_SERVER_EVERY);
  }
  return actions;
}

const millisecondsOf = (time: HistoryEvent['eventTime']): number =>
  Number(time?.seconds ?? 0) * 1000 + Number(time?.nanos ?? 0) / 1e6;

const callsSchema = z.array(z.object({ operation: z.string(), count: z.number() }));

async function awsCalls(fleet: string): Promise<{ operation: string; count: number }[]> {
  const calls = callsSchema.parse(await (await fetch(new URL('/_fleet/calls', fleet))).json());
  const counts = new Map<string, number>();
  for (const { operation, count } of calls) counts.set(operation, (counts.get(operation) ?? 0) + count);
  return [...counts].map(([operation, count]) => ({ operation, count })).sort((a, b) => b.count - a.count);
}
