import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse, type ScalarTag } from 'yaml';
import { exampleResources, RIGHTS, RIGHTS_STEPS, type RightsStep } from '../../domain/rights.js';

/* The table of rights, what aws/ calls, the role that is deployed, and the documentation say the same. */

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const actionsOf = (step: RightsStep) => RIGHTS[step].rights.map(({ action }) => action).toSorted();
const allActions = new Set(RIGHTS_STEPS.flatMap(actionsOf));

/** Calls of the worker's own identity, or of anybody: the role in the account needs no right for them. */
const WITHOUT_RIGHT = new Set(['sts:AssumeRole', 'sts:GetCallerIdentity']);
/** Where the action is not called as the operation is. */
const ACTION_OF: Readonly<Record<string, string>> = { 's3:HeadBucket': 's3:ListBucket' };
/** Where IAM calls the service otherwise than the SDK calls its client. */
const SERVICE_OF: Readonly<Record<string, string>> = { 'elastic-load-balancing-v2': 'elasticloadbalancing' };

/** The operations that a file asks of the SDK, by service. */
function callsOf(source: string): string[] {
  return [...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)].flatMap(
    ([, names = '', client = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => !name.startsWith('type '))
        .flatMap((name) => /^paginate(\w+)$/.exec(name)?.[1] ?? /^(\w+)Command$/.exec(name)?.[1] ?? [])
        .map((operation) => `${SERVICE_OF[client] ?? client}:${operation}`),
  );
}

const sources = readdirSync(new URL('aws', root)).filter((name) => name.endsWith('.ts'));
/** The doctor tries calls only to see whether others may make them. */
const TRIES = 'examine-rights.ts';
const calls = new Set(sources.filter((name) => name !== TRIES).flatMap((name) => callsOf(read(`aws/${name}`))));
const OF_THE_DOCTOR = ['iam:SimulatePrincipalPolicy', 's3:ListBucket'];

describe('the table of rights', () => {
  test('has an action for every call that aws/ makes', () => {
    const all = [...calls, ...callsOf(read(`aws/${TRIES}`))];
    const needed = all.filter((call) => !WITHOUT_RIGHT.has(call)).map((call) => ACTION_OF[call] ?? call);

    expect(needed.length).toBeGreaterThan(25);
    expect(needed.filter((action) => !allActions.has(action))).toEqual([]);
  });

  test('has no action that nothing calls', () => {
    const idle = [...allActions].filter((action) => !calls.has(action) && !OF_THE_DOCTOR.includes(action));

    expect(idle).toEqual([]);
  });

  test('fills in one concrete thing for each resource', () => {
    const place = { account: '111122223333', region: 'eu-west-1', bucket: 'lists', role: 'arn:aws-cn:iam::1:role/P' };
    const [send] = RIGHTS.scan.rights;
    if (!send) throw new Error('there is no right');

    expect(exampleResources(send, place)).toEqual([
      'arn:aws-cn:ssm:eu-west-1::document/AWS-RunPatchBaseline',
      'arn:aws-cn:ec2:eu-west-1:111122223333:instance/patchtide-doctor',
      'arn:aws-cn:ssm:eu-west-1:111122223333:managed-instance/patchtide-doctor',
      'arn:aws-cn:s3:::lists',
    ]);
    expect(exampleResources({ action: 'ssm:ListCommands', resources: ['*'] }, place)).toEqual([]);
  });
});

interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

/** CloudFormation's short forms; what matters here is the text in them. */
const tags = ['Sub', 'Ref', 'GetAtt', 'Condition'].map(
  (name): ScalarTag => ({ tag: `!${name}`, resolve: (text: string) => text }),
);
const lists = ['If', 'Equals', 'Not', 'And', 'Join'].map((name) => ({
  tag: `!${name}`,
  collection: 'seq' as const,
  resolve: (value: unknown) => value,
}));

function statements(): Statement[] {
  const template = parse(read('deploy/aws/patchtide-role.yaml'), {
    customTags: [...tags, ...lists],
    logLevel: 'error',
  });
  return Object.values<{ Type: string; Properties: { PolicyDocument?: { Statement: Statement[] } } }>(
    template.Resources,
  ).flatMap(({ Properties }) => Properties.PolicyDocument?.Statement ?? []);
}
const listed = (value: string | string[]) => (Array.isArray(value) ? value : [value]);
const pascal = (step: string) => step.replace(/(^|-)(\w)/g, (_all, _dash, letter: string) => letter.toUpperCase());

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  'AWS::Partition': '{partition}',
  'AWS::AccountId': '{account}',
  Bucket: '{bucket}',
  RoleName: '{name}',
};
/** A resource of the template as the table writes it, but for the Region, which is any. */
const asInTable = (resource: string) =>
  resource.replace(/\$\{([\w:]+)\}/g, (_all, name: string) => PLACEHOLDERS[name] ?? name);
const inAnyRegion = (resource: string) =>
  resource.replace('{region}', '*').replace('{role}', 'arn:{partition}:iam::{account}:role/{name}');

describe('the role that is deployed', () => {
  test.each(RIGHTS_STEPS)('grants what the step %s needs, on what it needs it, and no more', (step) => {
    const own = statements().filter(({ Sid }) => Sid.startsWith(pascal(step)));
    const granted = own.flatMap(({ Action, Resource }) =>
      listed(Action).flatMap((action) => listed(Resource).map((resource) => `${action} on ${asInTable(resource)}`)),
    );
    const needed = RIGHTS[step].rights.flatMap(({ action, resources }) =>
      resources.map((resource) => `${action} on ${inAnyRegion(resource)}`),
    );

    expect(granted.toSorted()).toEqual(needed.toSorted());
  });

  test('has no statement of another kind, but for documents that plans name', () => {
    const steps = RIGHTS_STEPS.map(pascal);
    const others = statements().filter(({ Sid }) => !steps.some((step) => Sid.startsWith(step)));

    expect(others.map(({ Sid, Action, Resource }) => [Sid, Action, Resource])).toEqual([
      ['TaskSend', 'ssm:SendCommand', 'TaskDocuments'],
      ['TaskAutomation', 'ssm:StartAutomationExecution', 'AutomationDocuments'],
    ]);
  });
});

test('the templates pass cfn-lint', () => {
  const script = fileURLToPath(new URL('scripts/check-deploy.mjs', root));
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (stdout.startsWith('Not checked')) console.warn(stdout);

  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/the templates are well|Not checked/),
  });
}, 300_000);

test('the documentation lists every right, step by step', () => {
  const rows = read('docs/architecture.md')
    .split('\n')
    .filter((line) => /^\| `[\w-]+` \| .* \| `\w+:/.test(line));

  expect(rows).toEqual(
    RIGHTS_STEPS.map((step) => {
      const { purpose, optional, rights } = RIGHTS[step];
      const actions = [...new Set(rights.map(({ action }) => `\`${action}\``))].join(', ');
      return `| \`${step}\` | ${purpose}${optional ? ' (optional)' : ''} | ${actions} |`;
    }),
  );
});
