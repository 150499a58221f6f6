import type { Region } from '../ids.js';
import type { Finding, Severity } from './report.js';

/** Every finding of the doctor, each documented once. A code is stable: clients may branch on it. */
export const FINDINGS = {
  'store-down': {
    severity: 'problem',
    advice: 'See that the database of DATABASE_URL runs and lets the API in, then look again.',
  },
  'temporal-down': {
    severity: 'problem',
    advice: 'See that the Temporal server runs and that TEMPORAL_ADDRESS is right, then look again.',
  },
  'no-worker': {
    severity: 'problem',
    advice: 'Start a worker (`npm run worker`), or look into its log; accounts were not looked at.',
  },
  'versions-differ': {
    severity: 'warning',
    advice: 'Finish the update: run API and workers in one version.',
  },
  'no-accounts': {
    severity: 'problem',
    advice: 'Write an Account document first; docs/getting-started.md shows how.',
  },
  'no-credentials': {
    severity: 'problem',
    advice:
      'Give the worker credentials by the default chain of the AWS SDK: an instance profile or task role, AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY.',
  },
  'role-not-assumed': {
    severity: 'problem',
    advice:
      "Compare roleArn and externalId of the Account with the role's trust policy, and see that the service's own identity may call sts:AssumeRole on it (deploy/aws/patchtide-service.yaml).",
  },
  'identity-elsewhere': {
    severity: 'problem',
    advice: 'Correct roleArn of the Account: the credentials belong to another account.',
  },
  'endpoint-unreachable': {
    severity: 'problem',
    advice:
      'Let the worker reach this endpoint (proxy, firewall, VPC endpoint), see that the Region is enabled in the account, and that AWS_ENDPOINT_URL is unset or right.',
  },
  'rights-missing': {
    severity: 'problem',
    advice: "Add the actions to the account's role; deploy/aws/patchtide-role.yaml has them step by step.",
  },
  'rights-missing-for-option': {
    severity: 'warning',
    advice:
      "Needed only where a plan uses it: then add the actions to the account's role (deploy/aws/patchtide-role.yaml).",
  },
  'rights-unknown': {
    severity: 'warning',
    advice: 'Allow iam:SimulatePrincipalPolicy on the role itself, or check these actions by hand.',
  },
  'bucket-absent': {
    severity: 'problem',
    advice:
      'Create it with deploy/aws/patchtide-bucket.yaml in this Region, or correct PATCHTIDE_BUCKET of the worker.',
  },
  'bucket-denied': {
    severity: 'problem',
    advice:
      "Let the account's role in by the bucket's policy (deploy/aws/patchtide-bucket.yaml, parameter MemberAccounts) and by the role's own rights.",
  },
  'bucket-elsewhere': {
    severity: 'warning',
    advice:
      'Put {region} into PATCHTIDE_BUCKET and create a bucket per Region: nodes behind Region-bound S3 endpoints cannot read from another one.',
  },
  'no-nodes': {
    severity: 'warning',
    advice:
      "See that instances run SSM's agent and bear an instance profile with the rights of deploy/aws/patchtide-node-policy.yaml, or take the Region out of the Account.",
  },
  'agents-offline': {
    severity: 'warning',
    advice: "Look into SSM's agent on them; while they are offline their outcome is `unreachable`.",
  },
  'other-patching': {
    severity: 'warning',
    advice:
      'Take the nodes out of it, or disable it, before the first cycle: two installers on one node disturb each other.',
  },
  'other-patching-unknown': {
    severity: 'warning',
    advice: 'Allow the actions of the step other-patching, or look by hand for what else patches these nodes.',
  },
  'location-not-checked': {
    severity: 'problem',
    advice: 'Look again for this account alone; where it stays so, look into the log of the worker.',
  },
} as const satisfies Record<string, { readonly severity: Severity; readonly advice: string }>;

export type FindingCode = keyof typeof FINDINGS;
export const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];

/** A finding with the severity and the advice of its code. */
export const finding = (
  code: FindingCode,
  message: string,
  where: { readonly account: string; readonly region: Region } | null = null,
): Finding => ({
  code,
  severity: FINDINGS[code].severity,
  account: where?.account ?? null,
  region: where?.region ?? null,
  message,
  advice: FINDINGS[code].advice,
});
