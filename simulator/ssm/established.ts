import { z } from 'zod';
import type { FleetDescription } from '../description.js';
import { AwsError, FleetDescriptionError } from '../errors.js';
import type { Fleet } from '../fleet/fleet.js';
import { type Call, type JsonOperation, violation } from '../http/operation.js';
import { createAssociation } from './associations.js';
import { createPatchBaseline, registerPatchBaselineForPatchGroup } from './baselines.js';
import { registerTargetWithMaintenanceWindow, registerTaskWithMaintenanceWindow } from './maintenance-window-tasks.js';
import { createMaintenanceWindow } from './maintenance-windows.js';

type Input = Record<string, unknown>;
type Places = { accounts?: string[] | undefined; regions?: string[] | undefined };

/**
 * What accounts keep in Systems Manager before anybody calls: baselines, maintenance windows and associations, made by
 * the operations that callers use, so that quotas and constraints bind here too.
 * @throws FleetDescriptionError with the answer that AWS would have given
 */
export function establish(fleet: Fleet): void {
  const { baselines, maintenanceWindows, associations } = fleet.description;
  for (const { create, patchGroups, ...places } of baselines) {
    for (const call of callsTo(fleet, places)) {
      const { BaselineId } = run(createPatchBaseline, create, call);
      for (const PatchGroup of patchGroups) run(registerPatchBaselineForPatchGroup, { BaselineId, PatchGroup }, call);
    }
  }
  for (const { create, enabled, targets, tasks, ...places } of maintenanceWindows) {
    for (const call of callsTo(fleet, places)) establishWindow({ create, enabled, targets, tasks }, call);
  }
  for (const { create, ...places } of associations) {
    for (const call of callsTo(fleet, places)) run(createAssociation, withNodeIds(create, call), call);
  }
}

function establishWindow(
  {
    create,
    enabled,
    targets,
    tasks,
  }: Pick<FleetDescription['maintenanceWindows'][number], 'create' | 'enabled' | 'targets' | 'tasks'>,
  call: Call,
): void {
  const { WindowId } = run(createMaintenanceWindow, create, call);
  const targetIds = new Map<unknown, unknown>();
  for (const target of targets) {
    const { WindowTargetId } = run(
      registerTargetWithMaintenanceWindow,
      { ...withNodeIds(target, call), WindowId },
      call,
    );
    targetIds.set(target.Name, WindowTargetId);
  }
  for (const task of tasks) {
    const named = withValues(withNodeIds(task, call), 'WindowTargetIds', (name) => targetIds.get(name) ?? name);
    run(registerTaskWithMaintenanceWindow, { ...named, WindowId }, call);
  }
  const window = call.fleet.maintenanceWindows.get(String(WindowId));
  if (window && !enabled) call.fleet.maintenanceWindows.put(window.id, { ...window, enabled });
}

/** One call for each account and Region, as an administrator there would make it. */
function callsTo(fleet: Fleet, { accounts, regions }: Places): Call[] {
  const calls = fleet.description.accounts
    .filter(({ name }) => accounts?.includes(name) ?? true)
    .flatMap((account) =>
      Object.keys(account.regions)
        .filter((region) => regions?.includes(region) ?? true)
        .map((region) => ({ fleet, account: account.id, region, arn: `arn:aws:iam::${account.id}:root` })),
    );
  if (calls.length === 0)
    throw new FleetDescriptionError(`no account and Region are named ${accounts?.join()} and ${regions?.join()}`);
  return calls;
}

function run(operation: JsonOperation, input: Input, call: Call): Input {
  try {
    return { ...operation.run(input, call) };
  } catch (error) {
    const reason = error instanceof z.ZodError ? violation(error) : error instanceof AwsError ? error.message : null;
    if (reason === null) throw error;
    throw new FleetDescriptionError(`${JSON.stringify(input.Name ?? input)}: ${reason}`);
  }
}

/** Names of nodes in place of their ids, which nobody who writes a description knows. */
const withNodeIds = (input: Input, { fleet, account, region }: Call): Input =>
  withValues(
    input,
    'InstanceIds',
    (name) => fleet.nodesAt(account, region).find((node) => node.name === name)?.id ?? name,
  );

function withValues(input: Input, key: string, replacing: (name: unknown) => unknown): Input {
  if (!Array.isArray(input.Targets)) return input;
  const targets = input.Targets.map((target: Input) =>
    target.Key === key && Array.isArray(target.Values) ? { ...target, Values: target.Values.map(replacing) } : target,
  );
  return { ...input, Targets: targets };
}
