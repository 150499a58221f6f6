import type { AccountId, Instant, Region } from '../ids.js';
import type { RightsStep } from '../rights.js';
import type { FindingCode } from './findings.js';

/** `problem`: something does not work. `warning`: it works, and somebody should know this. */
export const SEVERITIES = ['problem', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that is not as it should be: what, where, and what to do next. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The name of the account's document; null where the service itself is meant. */
  readonly account: string | null;
  readonly region: Region | null;
  /** A sentence. */
  readonly message: string;
  /** What to do next. */
  readonly advice: string;
}

export const ENDPOINTS = ['sts', 'ec2', 'ssm', 's3', 'iam'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];
/** `unknown`: it was not asked, because something before it failed. */
export const ENDPOINT_STATUSES = ['up', 'down', 'unknown'] as const;
export interface EndpointAnswer {
  readonly endpoint: Endpoint;
  /** `up` as soon as it answers, be it with a refusal. */
  readonly status: (typeof ENDPOINT_STATUSES)[number];
  /** What it took; null where nothing was asked. */
  readonly milliseconds: number | null;
}

export const RIGHT_STATUSES = ['allowed', 'missing', 'unknown'] as const;
export type RightStatus = (typeof RIGHT_STATUSES)[number];
/** How a right was found out: by the call itself, by EC2's dry run, or by asking IAM what it would decide. */
export const RIGHT_PROOFS = ['call', 'dry-run', 'simulation'] as const;
export type RightProof = (typeof RIGHT_PROOFS)[number];

export interface RightAnswer {
  /** As IAM writes it: `ssm:SendCommand`. */
  readonly action: string;
  readonly status: RightStatus;
  /** Null where it could not be found out. */
  readonly proof: RightProof | null;
  /** What AWS said, where the right is missing or unknown; else empty. */
  readonly message: string;
}

export interface StepAnswer {
  readonly step: RightsStep;
  /** `missing` where one right is; else `unknown` where one is. */
  readonly status: RightStatus;
  readonly rights: readonly RightAnswer[];
}

export const BUCKET_STATUSES = ['ok', 'absent', 'denied', 'elsewhere', 'unknown'] as const;
export interface BucketAnswer {
  /** With the Region filled in. */
  readonly name: string;
  /** `denied`: it may not be seen or not be written to. `elsewhere`: it lies in another Region than its name says. */
  readonly status: (typeof BUCKET_STATUSES)[number];
  /** Where it lies; null where S3 did not say. */
  readonly region: string | null;
}

/** What is in a location beside Patchtide and patches nodes. */
export const OTHER_PATCHING_KINDS = ['maintenance-window', 'association', 'patch-policy'] as const;
export type OtherPatchingKind = (typeof OTHER_PATCHING_KINDS)[number];
export interface OtherPatchingAnswer {
  readonly kind: OtherPatchingKind;
  readonly id: string;
  readonly name: string;
  /** The documents that patch, such as `AWS-RunPatchBaseline`. */
  readonly documents: readonly string[];
  /** Whether it only scans, installs, or cannot be told. */
  readonly operation: 'scan' | 'install' | 'unknown';
  /** How many of the nodes that were seen it targets; null where that cannot be told. */
  readonly nodes: number | null;
}

export interface LocationAnswer {
  /** The name of the account's document. */
  readonly account: string;
  readonly accountId: AccountId;
  readonly region: Region;
  readonly roleArn: string;
  /** The ARN that AWS knows the caller by once the role is assumed; null where it could not be assumed. */
  readonly identity: string | null;
  readonly endpoints: readonly EndpointAnswer[];
  readonly bucket: BucketAnswer;
  /** Managed nodes and instances; null where they could not be listed. */
  readonly nodes: { readonly total: number; readonly online: number; readonly stopped: number } | null;
  readonly steps: readonly StepAnswer[];
  /** Null where it could not be looked for. */
  readonly otherPatching: readonly OtherPatchingAnswer[] | null;
}

/** What a worker found out about the accounts. */
export interface DoctorReport {
  readonly at: Instant;
  readonly worker: { readonly version: string; readonly node: string };
  readonly locations: readonly LocationAnswer[];
  readonly findings: readonly Finding[];
}

/** What is to be looked at. */
export interface DoctorRequest {
  /** Names of account documents; null: all. */
  readonly accounts: readonly string[] | null;
  /** Null: all. */
  readonly steps: readonly RightsStep[] | null;
}
