import { endLifecycleChange } from './auto-scaling.js';
import { endAutomation } from './automations.js';
import { finish, patchesApplied } from './execution.js';
import type { Fleet } from './fleet.js';
import { end, resume } from './invocations.js';
import type { FleetEvent, Invocation } from './model.js';
import { agentBack, endStateChange } from './reboots.js';
import { advanceRootVolumeTask } from './root-volumes.js';
import { deliver } from './run-command.js';
import { endSnapshot } from './snapshots.js';

/** Lets everything happen that is due by now, in the order of its true time. Called before anything is asked of the fleet. */
export function advance(fleet: Fleet): void {
  fleet.clock.tick();
  const now = fleet.clock.fleet();
  for (let due = fleet.agenda.takeDue(now); due; due = fleet.agenda.takeDue(now)) happen(fleet, due.event, due.at);
}

function happen(fleet: Fleet, event: FleetEvent, at: number): void {
  if ('invocation' in event) {
    const invocation = fleet.invocations.get(event.invocation);
    if (invocation) INVOCATION_EVENTS[event.kind](fleet, invocation, at);
    return;
  }
  switch (event.kind) {
    case 'agent-back': {
      const node = fleet.nodes.get(event.node);
      if (node && agentBack(fleet, node, event.boot, at)) resume(fleet, node, at);
      break;
    }
    case 'instance-state': {
      const node = fleet.nodes.get(event.node);
      if (node) endStateChange(fleet, node, event.to, at);
      break;
    }
    case 'snapshot-ends': {
      const snapshot = fleet.snapshots.get(event.snapshot);
      if (snapshot) endSnapshot(fleet, snapshot, event.as, at);
      break;
    }
    case 'root-volume-task': {
      const task = fleet.rootVolumeTasks.get(event.task);
      if (task) advanceRootVolumeTask(fleet, task, event.to, at);
      break;
    }
    case 'lifecycle': {
      const node = fleet.nodes.get(event.node);
      if (node) endLifecycleChange(fleet, node, event.to, at);
      break;
    }
    case 'automation-ends': {
      const automation = fleet.automations.get(event.automation);
      if (automation) endAutomation(fleet, automation, at);
      break;
    }
  }
}

type InvocationEvent = Extract<FleetEvent, { invocation: string }>['kind'];

const INVOCATION_EVENTS: Record<InvocationEvent, (fleet: Fleet, invocation: Invocation, at: number) => void> = {
  deliver,
  finish,
  'patches-applied': patchesApplied,
  cancel: (fleet, invocation, at) => end(fleet, invocation, 'Cancelled', at),
  'execution-timeout': (fleet, invocation, at) => {
    if (!invocation.hangs) end(fleet, invocation, 'ExecutionTimedOut', at);
  },
  'delivery-timeout': (fleet, invocation, at) => {
    if (invocation.startedAt === undefined) end(fleet, invocation, 'DeliveryTimedOut', at);
  },
};
