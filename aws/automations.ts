import {
  GetAutomationExecutionCommand,
  StartAutomationExecutionCommand,
  StopAutomationExecutionCommand,
} from '@aws-sdk/client-ssm';
import type { Automation } from '../activities/ports.js';
import type { Connection } from './connection.js';

/** See Fleet.startAutomation. Its client token makes a repetition the same execution, so the SDK may repeat it. */
export const startAutomation = async (
  aws: Connection,
  request: { token: string; document: string; parameters: Readonly<Record<string, readonly string[]>> },
  signal: AbortSignal,
): Promise<{ executionId: string }> => {
  const command = new StartAutomationExecutionCommand({
    DocumentName: request.document,
    Parameters: Object.fromEntries(Object.entries(request.parameters).map(([name, values]) => [name, [...values]])),
    ClientToken: request.token,
  });
  const answer = await aws.call('StartAutomationExecution', signal, (options) => aws.ssm.send(command, options));
  return { executionId: answer.AutomationExecutionId ?? '' };
};

/** See Fleet.automation. */
export const automation = async (aws: Connection, executionId: string, signal: AbortSignal): Promise<Automation> => {
  const command = new GetAutomationExecutionCommand({ AutomationExecutionId: executionId });
  const { AutomationExecution: execution } = await aws.call('GetAutomationExecution', signal, (options) =>
    aws.ssm.send(command, options),
  );
  return {
    executionId,
    status: automationStatus(execution?.AutomationExecutionStatus),
    message: execution?.FailureMessage ?? execution?.AutomationExecutionStatus ?? '',
  };
};

const ENDED: Readonly<Record<string, Automation['status']>> = {
  Success: 'success',
  CompletedWithSuccess: 'success',
  Failed: 'failed',
  CompletedWithFailure: 'failed',
  Rejected: 'failed',
  ChangeCalendarOverrideRejected: 'failed',
  Exited: 'failed',
  TimedOut: 'timed-out',
  Cancelled: 'cancelled',
};

/** All other words mean that it goes on or waits for somebody; the caller's deadline bounds both. */
export const automationStatus = (status: string | undefined): Automation['status'] => ENDED[status ?? ''] ?? 'running';

/** See Fleet.stopAutomation. */
export const stopAutomation = async (aws: Connection, executionId: string, signal: AbortSignal): Promise<void> => {
  const command = new StopAutomationExecutionCommand({ AutomationExecutionId: executionId, Type: 'Cancel' });
  await aws.call('StopAutomationExecution', signal, (options) => aws.ssm.send(command, options));
};
