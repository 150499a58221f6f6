import { AwsError } from '../errors.js';
import type { Fleet } from './fleet.js';
import type { Automation } from './model.js';
import { beginStateChange } from './reboots.js';

const CONCURRENT = 100;
const AWS_OWNED_SECONDS = 30;

export type AutomationRequest = Pick<Automation, 'account' | 'region' | 'document' | 'parameters' | 'mode' | 'tags'> & {
  clientToken?: string;
};

/** Starts a runbook; with a client token that was used before, the execution which that one started. */
export function startAutomation(fleet: Fleet, request: AutomationRequest): Automation {
  const inLocation = [...fleet.automations.values()].filter(
    (each) => each.account === request.account && each.region === request.region,
  );
  const earlier = request.clientToken && inLocation.find((each) => each.clientToken === request.clientToken);
  if (earlier) return sameRequest(earlier, request);
  const seconds = secondsOf(fleet, request.document);
  if (inLocation.filter((each) => each.status === 'InProgress').length >= CONCURRENT) {
    throw new AwsError(
      'AutomationExecutionLimitExceededException',
      `There are ${CONCURRENT} automations in progress.`,
      429,
    );
  }
  const id = fleet.chance.uuid('automation', fleet.next('automation'));
  const automation: Automation = { ...request, id, status: 'InProgress', startedAt: fleet.clock.wall() };
  fleet.automations.put(id, automation);
  fleet.ledger.record(automation.startedAt, 'automation-started', markOf(automation));
  fleet.agenda.schedule(fleet.clock.fleet() + seconds * 1000, { kind: 'automation-ends', automation: id });
  return automation;
}

/** A runbook has come to its end. */
export function endAutomation(fleet: Fleet, automation: Automation, at: number, cancelled = false): void {
  if (automation.status !== 'InProgress') return;
  const fails = fleet.description.automations.find((each) => each.name === automation.document)?.fails ?? false;
  automation.status = cancelled ? 'Cancelled' : fails ? 'Failed' : 'Success';
  if (fails && !cancelled) automation.failure = 'Step main failed: planted failure';
  automation.endedAt = fleet.clock.wallOf(at);
  fleet.automations.put(automation.id, automation);
  fleet.ledger.record(automation.endedAt, 'automation-ended', { ...markOf(automation), status: automation.status });
  if (automation.status === 'Success') takeEffect(fleet, automation, at);
}

function sameRequest(earlier: Automation, request: AutomationRequest): Automation {
  const same =
    earlier.document === request.document && JSON.stringify(earlier.parameters) === JSON.stringify(request.parameters);
  if (same) return earlier;
  throw new AwsError('IdempotentParameterMismatch', 'The client token was used with other parameters.');
}

function secondsOf(fleet: Fleet, document: string): number {
  const own = fleet.description.automations.find((each) => each.name === document);
  if (own) return own.seconds;
  if (document.startsWith('AWS-') || document.startsWith('AWSSupport-')) return AWS_OWNED_SECONDS;
  throw new AwsError('AutomationDefinitionNotFoundException', `Automation definition ${document} was not found.`, 404);
}

/** What AWS's own runbooks for instances do, as far as the fleet can tell. */
function takeEffect(fleet: Fleet, automation: Automation, at: number): void {
  const to = ({ 'AWS-StopEC2Instance': 'stopped', 'AWS-StartEC2Instance': 'running' } as const)[
    automation.document as 'AWS-StopEC2Instance' | 'AWS-StartEC2Instance'
  ];
  for (const id of automation.parameters.InstanceId ?? []) {
    const node = fleet.nodes.get(id);
    if (!to || !node || node.account !== automation.account || node.region !== automation.region) continue;
    if (node.state === (to === 'running' ? 'stopped' : 'running')) beginStateChange(fleet, node, to, at);
  }
}

function markOf(automation: Automation) {
  return {
    account: automation.account,
    region: automation.region,
    automation: automation.id,
    document: automation.document,
    parameters: automation.parameters,
    ...(automation.clientToken === undefined ? {} : { key: automation.clientToken }),
  };
}
