import { z } from 'zod';
import { AwsError } from '../errors.js';
import { endAutomation, startAutomation } from '../fleet/automations.js';
import type { Automation } from '../fleet/model.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { pageOf, paging, parameters, seconds, tagList, tagsToRecord } from './common.js';

export const startAutomationExecution = jsonOperation(
  z.object({
    DocumentName: z.string(),
    DocumentVersion: z.string().optional(),
    Parameters: parameters,
    ClientToken: z.uuid('Member must be a UUID').optional(),
    Mode: z.enum(['Auto', 'Interactive']).default('Auto'),
    Tags: tagList.max(5).default([]),
  }),
  (input, call) => {
    const automation = startAutomation(call.fleet, {
      account: call.account,
      region: call.region,
      document: input.DocumentName,
      parameters: input.Parameters,
      mode: input.Mode,
      tags: tagsToRecord(input.Tags),
      ...(input.ClientToken ? { clientToken: input.ClientToken } : {}),
    });
    return { AutomationExecutionId: automation.id };
  },
  'ssm-automations',
);

export const getAutomationExecution = jsonOperation(
  z.object({ AutomationExecutionId: z.string() }),
  ({ AutomationExecutionId }, call) => {
    const automation = automationOf(AutomationExecutionId, call);
    const { startedAt, endedAt, status, failure } = automation;
    const step = {
      StepName: 'main',
      Action: 'aws:executeScript',
      StepExecutionId: `${automation.id}-main`,
      StepStatus: status,
      ExecutionStartTime: seconds(startedAt),
      ...(endedAt === undefined ? {} : { ExecutionEndTime: seconds(endedAt) }),
      ...(failure === undefined ? {} : { FailureMessage: failure }),
    };
    return {
      AutomationExecution: {
        ...summary(automation),
        Parameters: automation.parameters,
        StepExecutions: [step],
        StepExecutionsTruncated: false,
      },
    };
  },
);

export const describeAutomationExecutions = jsonOperation(
  z.object({
    Filters: z
      .array(z.object({ Key: z.string(), Values: z.array(z.string()) }))
      .max(10)
      .default([]),
    ...paging(1, 50),
  }),
  (input, { fleet, account, region }) => {
    const found = [...fleet.automations.values()]
      .filter((each) => each.account === account && each.region === region)
      .filter((each) => input.Filters.every(({ Key, Values }) => passes(each, Key, Values)))
      .toReversed();
    const { page, token } = pageOf(found, (automation) => automation.id, input);
    return { AutomationExecutionMetadataList: page.map(summary), ...token };
  },
);

export const stopAutomationExecution = jsonOperation(
  z.object({ AutomationExecutionId: z.string(), Type: z.enum(['Complete', 'Cancel']).default('Cancel') }),
  ({ AutomationExecutionId }, call) => {
    const automation = automationOf(AutomationExecutionId, call);
    endAutomation(call.fleet, automation, call.fleet.clock.fleet(), true);
    return {};
  },
);

function automationOf(id: string, { fleet, account, region }: Call): Automation {
  const automation = fleet.automations.get(id);
  if (!automation || automation.account !== account || automation.region !== region) {
    throw new AwsError('AutomationExecutionNotFoundException', `Automation execution ${id} was not found.`, 404);
  }
  return automation;
}

function passes(automation: Automation, key: string, values: readonly string[]): boolean {
  const fields: Record<string, string> = {
    DocumentNamePrefix: values.find((value) => automation.document.startsWith(value)) ?? '\u0000',
    ExecutionStatus: automation.status,
    ExecutionId: automation.id,
  };
  if (key === 'StartTimeAfter') return automation.startedAt >= Date.parse(values[0] ?? '');
  if (key === 'StartTimeBefore') return automation.startedAt < Date.parse(values[0] ?? '');
  const value = fields[key];
  if (value === undefined) throw new AwsError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  return values.includes(value);
}

function summary(automation: Automation) {
  const { startedAt, endedAt, failure } = automation;
  return {
    AutomationExecutionId: automation.id,
    DocumentName: automation.document,
    DocumentVersion: '1',
    AutomationExecutionStatus: automation.status,
    ExecutionStartTime: seconds(startedAt),
    ...(endedAt === undefined ? {} : { ExecutionEndTime: seconds(endedAt) }),
    ...(failure === undefined ? {} : { FailureMessage: failure }),
    Mode: automation.mode,
    Outputs: {},
    ExecutedBy: `arn:aws:sts::${automation.account}:assumed-role/Patchtide/session`,
  };
}
