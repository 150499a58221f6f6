import { SET_ASIDE_TAG } from './set-aside.js';

/*
 * Which rights each step of the work takes in an account: the one source for the doctor, the roles under deploy/aws and the
 * list in docs/architecture.md. What `aws/` calls and what stands here are held together by a test.
 */

/** The steps whose rights can be given and checked apart from each other. */
export const RIGHTS_STEPS = [
  'preview',
  'scan',
  'baselines',
  'bucket',
  'snapshot',
  'patch',
  'hung',
  'rollback',
  'stop-start',
  'automation',
  'health',
  'other-patching',
  'doctor',
] as const;
export type RightsStep = (typeof RIGHTS_STEPS)[number];

/** One action of IAM with what it is used on. */
export interface Right {
  /** As IAM writes it: `ssm:SendCommand`. */
  readonly action: string;
  /**
   * ARNs with `{partition}`, `{region}`, `{account}`, `{bucket}` and `{role}` to be filled in; a `*` stands for any one thing
   * of its kind. `*` alone: the action knows no resources (Service Authorization Reference).
   */
  readonly resources: readonly string[];
  /** What the request says of itself, for roles that grant under a condition. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface StepRights {
  /** For people: what the step is for. */
  readonly purpose: string;
  /** Needed only where a plan or a person uses it. */
  readonly optional: boolean;
  readonly rights: readonly Right[];
}

const ANY = ['*'];
const INSTANCES = ['arn:{partition}:ec2:{region}:{account}:instance/*'];
const HYBRID_NODES = ['arn:{partition}:ssm:{region}:{account}:managed-instance/*'];
const NODES = [...INSTANCES, ...HYBRID_NODES];
const BASELINES = ['arn:{partition}:ssm:{region}:{account}:patchbaseline/*'];
const SNAPSHOTS = ['arn:{partition}:ec2:{region}::snapshot/*'];
const VOLUMES = ['arn:{partition}:ec2:{region}:{account}:volume/*'];
const SUBNETS = ['arn:{partition}:ec2:{region}:{account}:subnet/*'];
const RESTORE_TASKS = ['arn:{partition}:ec2:{region}:{account}:replace-root-volume-task/*'];
const EXECUTIONS = ['arn:{partition}:ssm:{region}:{account}:automation-execution/*'];
const WINDOWS = ['arn:{partition}:ssm:{region}:{account}:maintenancewindow/*'];
const BUCKET = 'arn:{partition}:s3:::{bucket}';
const document = (name: string) => `arn:{partition}:ssm:{region}::document/${name}`;

const on = (resources: readonly string[], ...actions: readonly string[]): Right[] =>
  actions.map((action) => ({ action, resources }));

const knowing = (context: Right['context'] & object, rights: readonly Right[]): Right[] =>
  rights.map((right) => ({ ...right, context }));

/** What carries a command out on nodes, whatever the document; the bucket is named for its output. */
const send = (...documents: readonly string[]): Right => ({
  action: 'ssm:SendCommand',
  resources: [...documents.map(document), ...NODES, BUCKET],
});

export const RIGHTS: Readonly<Record<RightsStep, StepRights>> = {
  preview: {
    purpose: 'find nodes and what is known of them',
    optional: false,
    rights: [
      ...on(
        ANY,
        'ec2:DescribeInstances',
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeVolumes',
        'ssm:DescribeInstanceInformation',
      ),
      ...on(HYBRID_NODES, 'ssm:ListTagsForResource'),
    ],
  },
  scan: {
    purpose: 'scan nodes and read what they miss',
    optional: false,
    rights: [
      send('AWS-RunPatchBaseline'),
      ...on(ANY, 'ssm:ListCommands', 'ssm:ListCommandInvocations', 'ssm:CancelCommand'),
      ...on(NODES, 'ssm:DescribeInstancePatchStates', 'ssm:DescribeInstancePatches'),
    ],
  },
  baselines: {
    purpose: 'write the baselines of stages and register patch groups to them',
    optional: false,
    rights: [
      ...on(ANY, 'ssm:DescribePatchBaselines', 'ssm:DescribePatchGroups', 'ssm:CreatePatchBaseline'),
      ...on(BASELINES, 'ssm:AddTagsToResource', 'ssm:GetPatchBaseline'),
      // Of the baselines only ours are changed, which bear this tag.
      ...knowing(
        { 'aws:ResourceTag/patchtide:baseline': 'prod' },
        on(
          BASELINES,
          'ssm:UpdatePatchBaseline',
          'ssm:RegisterPatchBaselineForPatchGroup',
          'ssm:DeregisterPatchBaselineForPatchGroup',
        ),
      ),
    ],
  },
  bucket: {
    purpose: 'write the lists of proven patches that nodes install from',
    optional: false,
    rights: [...on([BUCKET], 's3:ListBucket'), ...on([`${BUCKET}/patchtide/install-lists/*`], 's3:PutObject')],
  },
  snapshot: {
    purpose: 'snapshot the volumes of instances before an install, and delete the snapshots when they have expired',
    optional: false,
    rights: [
      ...on(ANY, 'ec2:DescribeSnapshots'),
      ...knowing(
        { 'aws:RequestTag/patchtide:key': 'patchtide/plan-1/prod/w1.b1.snapshot' },
        on([...INSTANCES, ...VOLUMES, ...SNAPSHOTS], 'ec2:CreateSnapshots'),
      ),
      { action: 'ec2:CreateTags', resources: SNAPSHOTS, context: { 'ec2:CreateAction': 'CreateSnapshots' } },
      // Of the snapshots only ours are deleted, which bear this tag.
      ...knowing(
        { 'aws:ResourceTag/patchtide:key': 'patchtide/plan-1/prod/w1.b1.snapshot' },
        on(SNAPSHOTS, 'ec2:DeleteSnapshot'),
      ),
    ],
  },
  patch: {
    purpose: 'check nodes, reboot them and run command tasks; the install itself takes the rights of scan',
    optional: false,
    rights: [send('AWS-RunShellScript', 'AWS-RunPowerShellScript')],
  },
  hung: {
    purpose: 'reboot nodes that do not come back, and tag those that are set aside',
    optional: false,
    rights: [
      ...on(INSTANCES, 'ec2:RebootInstances'),
      ...knowing({ 'aws:TagKeys': SET_ASIDE_TAG }, [
        ...on(INSTANCES, 'ec2:CreateTags', 'ec2:DeleteTags'),
        ...on(HYBRID_NODES, 'ssm:AddTagsToResource', 'ssm:RemoveTagsFromResource'),
      ]),
    ],
  },
  rollback: {
    purpose:
      'restore root volumes from snapshots: by an operator, or by a plan (`onFailure: rollback`, `onHung: restore`)',
    optional: true,
    rights: [
      ...on(ANY, 'ec2:DescribeReplaceRootVolumeTasks'),
      ...on([...INSTANCES, ...VOLUMES, ...SUBNETS, ...SNAPSHOTS, ...RESTORE_TASKS], 'ec2:CreateReplaceRootVolumeTask'),
      {
        action: 'ec2:CreateTags',
        resources: RESTORE_TASKS,
        context: { 'ec2:CreateAction': 'CreateReplaceRootVolumeTask' },
      },
    ],
  },
  'stop-start': {
    purpose: 'start stopped instances and stop them again (`stopped: start`)',
    optional: true,
    rights: on(INSTANCES, 'ec2:StartInstances', 'ec2:StopInstances'),
  },
  automation: {
    purpose: 'run tasks that are Automation documents (`kind: automation`)',
    optional: true,
    rights: [
      // And on the documents that plans name.
      ...on(EXECUTIONS, 'ssm:StartAutomationExecution', 'ssm:GetAutomationExecution', 'ssm:StopAutomationExecution'),
    ],
  },
  health: {
    purpose: 'ask load balancers whether targets are healthy (`health.checks` with a `targetGroup`)',
    optional: true,
    rights: on(ANY, 'elasticloadbalancing:DescribeTargetHealth'),
  },
  'other-patching': {
    purpose: 'see what else patches the nodes',
    optional: true,
    rights: [
      ...on(ANY, 'ssm:DescribeMaintenanceWindows', 'ssm:ListAssociations'),
      ...on(
        WINDOWS,
        'ssm:DescribeMaintenanceWindowTargets',
        'ssm:DescribeMaintenanceWindowTasks',
        'ssm:GetMaintenanceWindowTask',
      ),
      ...on(['arn:{partition}:ssm:{region}:{account}:association/*'], 'ssm:DescribeAssociation'),
    ],
  },
  doctor: {
    purpose: 'ask IAM what the role may do, where trying it would change something',
    optional: true,
    rights: on(['{role}'], 'iam:SimulatePrincipalPolicy'),
  },
};

/** The resources of a right at one place, as one concrete thing each: what a simulation of policies is asked about. */
export const exampleResources = (
  { resources }: Right,
  place: { readonly account: string; readonly region: string; readonly bucket: string; readonly role: string },
): string[] => {
  const partition = place.role.split(':')[1] ?? 'aws';
  return resources
    .filter((resource) => resource !== '*')
    .map((resource) =>
      resource
        .replace('{role}', place.role)
        .replace('{partition}', partition)
        .replace('{region}', place.region)
        .replace('{account}', place.account)
        .replace('{bucket}', place.bucket)
        .replace(/\*$/, 'patchtide-doctor'),
    );
};
