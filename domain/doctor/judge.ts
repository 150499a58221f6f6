import type { AccountDocument } from '../documents/types.js';
import { type OtherPatching, otherPatchingAnswer, otherPatchingSentence } from '../other-patching.js';
import { RIGHTS, type RightsStep } from '../rights.js';
import type { Examination } from './examination.js';
import { finding } from './findings.js';
import type { Finding, LocationAnswer, RightAnswer, StepAnswer } from './report.js';

/** Locations of one answer: what is said of each is some kilobytes, and an answer of Temporal holds two megabytes. */
export const MOST_LOCATIONS = 200;

/**
 * What an examination means: the answer about its location, and a finding for each thing that is not as it should be. Only
 * rights of `steps` are told and judged (null: of all).
 */
export function judge(
  examination: Examination,
  account: AccountDocument,
  steps: readonly RightsStep[] | null,
): { answer: LocationAnswer; findings: Finding[] } {
  const wanted = examination.steps.filter(({ step }) => steps?.includes(step) ?? true);
  const { name, status, region } = examination.bucket;
  const answer: LocationAnswer = {
    account: account.name,
    accountId: account.id,
    region: examination.region,
    roleArn: account.roleArn,
    identity: examination.credentials.kind === 'assumed' ? examination.credentials.identity : null,
    endpoints: examination.endpoints,
    bucket: { name, status, region },
    nodes: countsOf(examination),
    steps: wanted,
    otherPatching:
      examination.otherPatching.value?.map((other) => otherPatchingAnswer(other, examination.nodes.value ?? [])) ??
      null,
  };
  return { answer, findings: findingsOf(examination, account, wanted) };
}

function findingsOf(examination: Examination, account: AccountDocument, steps: readonly StepAnswer[]): Finding[] {
  const { credentials, region } = examination;
  const where = { account: account.name, region };
  const place = `${account.name} (${account.id}) in ${region}`;
  switch (credentials.kind) {
    case 'none':
      return [finding('no-credentials', `The worker has no AWS credentials of its own. ${credentials.message}`, where)];
    case 'refused':
      return [finding('role-not-assumed', `${account.roleArn} could not be assumed. ${credentials.message}`, where)];
    case 'unreachable':
      return [finding('endpoint-unreachable', `STS does not answer for ${place}. ${credentials.message}`, where)];
    case 'assumed':
      return [
        ...(credentials.account === account.id
          ? []
          : [
              finding(
                'identity-elsewhere',
                `The role leads to account ${credentials.account}, and the Account ${account.name} says ${account.id}.`,
                where,
              ),
            ]),
        ...endpointFindings(examination, where, place),
        ...rightFindings(steps, where, place),
        ...bucketFindings(examination, where, steps),
        ...nodeFindings(examination, where, place),
        ...otherPatchingFindings(examination, where, place, steps),
      ];
  }
}

type Where = { readonly account: string; readonly region: Examination['region'] };

/** IAM is asked for rights only, and where it cannot be, those are unknown. */
const endpointFindings = ({ endpoints }: Examination, where: Where, place: string): Finding[] =>
  endpoints
    .filter(({ endpoint, status }) => status === 'down' && endpoint !== 'iam')
    .map(({ endpoint }) =>
      finding('endpoint-unreachable', `${endpoint.toUpperCase()} does not answer for ${place}.`, where),
    );

function rightFindings(steps: readonly StepAnswer[], where: Where, place: string): Finding[] {
  const missing = steps.flatMap(({ step, rights }) => {
    const names = actionsOf(rights, 'missing');
    const { optional, purpose } = RIGHTS[step];
    // An option that was not given at all was not wanted.
    if (names.length === 0 || (optional && names.length === rights.length)) return [];
    const code = optional ? 'rights-missing-for-option' : 'rights-missing';
    return [finding(code, `The role of ${place} may not ${purpose}: ${names.join(', ')}.`, where)];
  });
  const unknown = steps.flatMap(({ rights }) => actionsOf(rights, 'unknown'));
  const why = steps.flatMap(({ rights }) => rights).find(({ status }) => status === 'unknown')?.message ?? '';
  if (unknown.length === 0) return missing;
  const names = [...new Set(unknown)].join(', ');
  return [
    ...missing,
    finding('rights-unknown', `It is not known whether the role of ${place} may: ${names}. ${why}`, where),
  ];
}

const actionsOf = (rights: readonly RightAnswer[], status: RightAnswer['status']): string[] =>
  rights.filter((right) => right.status === status).map(({ action }) => action);

function bucketFindings({ bucket, region }: Examination, where: Where, steps: readonly StepAnswer[]): Finding[] {
  if (!steps.some(({ step }) => step === 'bucket')) return [];
  switch (bucket.status) {
    case 'absent':
      return [finding('bucket-absent', `There is no bucket ${bucket.name}.`, where)];
    case 'denied':
      return [finding('bucket-denied', `The role may not use the bucket ${bucket.name}. ${bucket.message}`, where)];
    case 'elsewhere':
      return [
        finding(
          'bucket-elsewhere',
          `The bucket ${bucket.name} lies in ${bucket.region ?? 'another Region'}, not in ${region}.`,
          where,
        ),
      ];
    case 'ok':
    case 'unknown':
      return [];
  }
}

const countsOf = ({ nodes: { value } }: Examination): LocationAnswer['nodes'] =>
  value && {
    total: value.length,
    online: value.filter(({ ping }) => ping === 'online').length,
    stopped: value.filter(({ state }) => state === 'stopped').length,
  };

function nodeFindings(examination: Examination, where: Where, place: string): Finding[] {
  const counts = countsOf(examination);
  if (counts === null) return [];
  if (counts.total === 0)
    return [finding('no-nodes', `There are no managed nodes and no instances in ${place}.`, where)];
  const offline = counts.total - counts.online - counts.stopped;
  return offline === 0
    ? []
    : [
        finding(
          'agents-offline',
          `The agents of ${offline} of ${counts.total} nodes in ${place} are not online.`,
          where,
        ),
      ];
}

function otherPatchingFindings(
  { otherPatching, nodes }: Examination,
  where: Where,
  place: string,
  steps: readonly StepAnswer[],
): Finding[] {
  if (otherPatching.value === null) {
    // Missing rights for it have been told already.
    const told = steps.some(({ step, status }) => step === 'other-patching' && status === 'missing');
    const message = `Whether anything else patches nodes in ${place} could not be looked up. ${otherPatching.message}`;
    return told ? [] : [finding('other-patching-unknown', message, where)];
  }
  return otherPatching.value.flatMap((other: OtherPatching) => {
    const sentence = otherPatchingSentence(other, nodes.value ?? [], place, 'there');
    return sentence === null ? [] : [finding('other-patching', sentence, where)];
  });
}
