import { z } from 'zod';
import { durationOf } from './durations.js';
import { durationField } from './fields.js';
import type { StageTasks, Task } from './types.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The longest execution that Run Command allows. */
const LONGEST = 48 * HOUR;
const DEFAULT_TIMEOUT = 10 * MINUTE;
const TASKS_A_LIST = 20;

const text = z
  .string()
  .max(20_000)
  .meta({ description: 'text (numbers and true or false in quotes)', 'x-example': '"10"' });

const taskSchema = z.strictObject({
  document: z
    .string()
    .regex(/^[\w.:/-]{3,200}$/)
    .meta({ description: 'the name or ARN of an SSM document', 'x-example': 'AWS-RunShellScript' }),
  kind: z
    .enum(['command', 'automation'])
    .optional()
    .meta({ description: 'command (Run Command) or automation; command without it', 'x-example': 'automation' }),
  os: z
    .enum(['linux', 'windows'])
    .optional()
    .meta({ description: 'linux or windows; every node without it', 'x-example': 'linux' }),
  parameters: z
    .record(
      z.string().min(1).max(100),
      z
        .union([text, z.array(text).max(100)])
        .meta({ description: 'a text or a list of texts', 'x-example': '["systemctl stop storefront"]' }),
    )
    .optional()
    .meta({ description: "the document's parameters", 'x-example': '{ commands: ["systemctl stop storefront"] }' }),
  timeout: durationField(SECOND, LONGEST, 'PT10M').optional(),
});
type ParsedTask = z.infer<typeof taskSchema>;

const taskList = z
  .array(taskSchema)
  .max(TASKS_A_LIST)
  .optional()
  .meta({ description: `at most ${TASKS_A_LIST} tasks`, 'x-example': '[{ document: AWS-RunShellScript }]' });

export const tasksSchema = z
  .strictObject({ beforeStage: taskList, beforeNode: taskList, afterNode: taskList, afterStage: taskList })
  .optional()
  .meta({
    description: 'lists of Run Command or Automation documents: beforeStage, beforeNode, afterNode, afterStage',
    'x-example': '{ beforeNode: [{ document: AWS-RunShellScript, os: linux }] }',
  });

/** A stage's tasks: Run Command documents on every node for at most PT10M, where nothing else is said. */
export const tasksOf = (tasks: z.infer<typeof tasksSchema>): StageTasks => ({
  beforeStage: (tasks?.beforeStage ?? []).map(taskOf),
  beforeNode: (tasks?.beforeNode ?? []).map(taskOf),
  afterNode: (tasks?.afterNode ?? []).map(taskOf),
  afterStage: (tasks?.afterStage ?? []).map(taskOf),
});

const taskOf = ({ document, kind, os, parameters = {}, timeout }: ParsedTask): Task => ({
  document,
  kind: kind ?? 'command',
  os: os ?? null,
  parameters: Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]),
  ),
  timeout: timeout === undefined ? DEFAULT_TIMEOUT : durationOf(timeout),
});
