import type { Client } from '@temporalio/client';

/** What the API uses of Temporal's client, so that tests can stand in for it. */
export interface TemporalClient {
  readonly workflow: Pick<Client['workflow'], 'start' | 'getHandle'>;
  readonly schedule: Pick<Client['schedule'], 'create' | 'getHandle'>;
  readonly connection: {
    readonly workflowService: Pick<Client['connection']['workflowService'], 'getSystemInfo'>;
  };
  withDeadline<R>(deadline: number | Date, call: () => Promise<R>): Promise<R>;
}

/** How long a call may take before the caller is told that Temporal does not answer, in milliseconds. */
export const CALL_DEADLINE = 5_000;

/** Every call has a deadline: without one a client waits for ever for a server that is gone. */
export const within = <R>(client: TemporalClient, milliseconds: number, call: () => Promise<R>): Promise<R> =>
  client.withDeadline(Date.now() + milliseconds, call);

/** Whether Temporal answers. */
export const temporalAnswers = async (client: TemporalClient): Promise<boolean> =>
  (await temporalVersion(client)) !== null;

/** The version of the Temporal server (empty where it keeps it to itself); null where it does not answer. */
export async function temporalVersion(client: TemporalClient): Promise<string | null> {
  try {
    const info = await within(client, 2_000, () => client.connection.workflowService.getSystemInfo({}));
    return info.serverVersion ?? '';
  } catch {
    return null;
  }
}
