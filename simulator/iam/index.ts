import { AwsError } from '../errors.js';
import type { Form } from '../http/form.js';
import type { Call, QueryOperation } from '../http/operation.js';
import { actionOf, isKeptFrom } from './rights.js';

/** Identity and Access Management, as far as it tells what a role may do. */
export const iamOperations: Record<string, QueryOperation> = {
  SimulatePrincipalPolicy: { bucket: 'sts', run: simulatePrincipalPolicy },
};

const ACTION = /^[a-z0-9-]+:[A-Za-z]+$/;

/**
 * What the role of an account may do: everything but what the description or a planted refusal keeps from it. Policies are
 * not read, so the decision is the same for every resource and condition.
 */
function simulatePrincipalPolicy(form: Form, call: Call): object {
  const arn = form.get('PolicySourceArn') ?? '';
  const actions = form.list('ActionNames.member');
  const resources = form.list('ResourceArns.member');
  if (actions.length === 0 || actions.some((action) => !ACTION.test(action)))
    throw new AwsError('InvalidInput', 'ActionNames takes at least one action such as ec2:StartInstances.');
  const account = call.fleet.description.accounts.find(({ roleArn }) => roleArn === arn);
  if (account?.id !== call.account)
    throw new AwsError('NoSuchEntity', `The principal ${arn} cannot be found in account ${call.account}.`, 404);
  const results = actions.flatMap((action) =>
    (resources.length > 0 ? resources : ['*']).map((resource) => ({
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: isRefused(call, action) ? 'implicitDeny' : 'allowed',
      MatchedStatements: [],
      MissingContextValues: [],
    })),
  );
  return { EvaluationResults: results, IsTruncated: false };
}

function isRefused({ fleet, account }: Call, action: string): boolean {
  if (isKeptFrom(fleet, account, action)) return true;
  return fleet.faults.list().some(({ fault, operation, account: where }) => {
    const [service = '', name = ''] = action.split(':');
    const named = operation !== undefined && (operation === name || actionOf(service, operation) === action);
    return fault === 'deny' && named && (where === undefined || where === account);
  });
}
