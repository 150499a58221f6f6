import type { Region } from '../ids.js';

/** What a finding means for the documents: in the order in which findings are told. */
export const CONSEQUENCES = ['left-out', 'changed', 'check'] as const;
export type Consequence = (typeof CONSEQUENCES)[number];

interface FindingKind {
  readonly consequence: Consequence;
  /** What to do next. */
  readonly advice: string;
}

/** Every finding of an import, each documented once. A code is stable: clients may branch on it. */
export const FINDINGS = {
  'location-not-read': {
    consequence: 'left-out',
    advice: 'See what the doctor says of this account and Region, then import it again.',
  },
  'window-disabled': {
    consequence: 'left-out',
    advice: 'Nothing, where it is not needed; else enable it in AWS and import again, or write the window yourself.',
  },
  'window-rate': {
    consequence: 'left-out',
    advice: 'Choose a cron or nth-weekday schedule in a time zone, and write the window yourself.',
  },
  'window-once': {
    consequence: 'left-out',
    advice: 'Start a cycle by hand at that time, or write a window that comes back.',
  },
  'window-cron': {
    consequence: 'left-out',
    advice: 'Write the window yourself, with a schedule of five cron fields or of the nth weekday and days after it.',
  },
  'window-timezone': {
    consequence: 'left-out',
    advice: 'Write the window yourself with a time zone by its IANA name.',
  },
  'window-dates': {
    consequence: 'left-out',
    advice: 'Import again once it has begun, or write the window yourself; one that is to end is deleted by a person.',
  },
  'window-not-patching': {
    consequence: 'left-out',
    advice: 'Leave it in AWS, where it goes on.',
  },
  'window-scan-only': {
    consequence: 'left-out',
    advice:
      'Patchtide scans the fleet daily by itself and on POST /v1/scans: disable the window once it has taken over.',
  },
  'window-targets': {
    consequence: 'left-out',
    advice: 'Give the nodes of the resource group the tag `Maintenance Window` with the name of the window.',
  },
  'patch-document': {
    consequence: 'left-out',
    advice: 'Patchtide installs with AWS-RunPatchBaseline alone: decide what of this document is still wanted.',
  },
  'patch-parameter': {
    consequence: 'left-out',
    advice:
      'Say what it was for by `approved` and `rejected` of a PatchBaseline; Patchtide pins what was proven itself.',
  },
  'task-kind': {
    consequence: 'left-out',
    advice:
      'Call it from an Automation document (aws:invokeLambdaFunction, aws:executeStateMachine) and name that as a task of the stage.',
  },
  'task-parameters': {
    consequence: 'left-out',
    advice: 'Write the task yourself, without what only a maintenance window fills in.',
  },
  'task-targets': {
    consequence: 'left-out',
    advice:
      'Put these nodes into a patch group and a stage of their own, or let the script itself find out where it runs.',
  },
  'task-at-once': {
    consequence: 'left-out',
    advice: 'Decide whether it belongs before or after the patch, and write it into beforeNode or afterNode.',
  },
  'baseline-filter': {
    consequence: 'left-out',
    advice: 'Write a PatchBaseline without that filter, and reject by id what must not come in.',
  },
  'baseline-until': {
    consequence: 'left-out',
    advice: 'Write a PatchBaseline with approveAfterDays in its place.',
  },
  'baseline-sources': {
    consequence: 'left-out',
    advice: 'Configure the repositories on the nodes themselves, then write the PatchBaseline.',
  },
  'baseline-non-security': {
    consequence: 'left-out',
    advice: 'Write rules with classification `any`, which take in what no security notice carries, or without.',
  },
  'baseline-rules': {
    consequence: 'left-out',
    advice: 'Write a PatchBaseline of at most 10 rules for each operating system.',
  },
  'baseline-system': {
    consequence: 'left-out',
    advice: 'Keep patching these nodes as before.',
  },
  'plan-baseline': {
    consequence: 'left-out',
    advice: 'Write the PatchBaseline of the stage, then the plan that names it.',
  },
  'plan-settings': {
    consequence: 'left-out',
    advice: 'Decide what holds for the stage, or give the nodes of each window a patch group and stage of their own.',
  },
  'patch-group-stage': {
    consequence: 'left-out',
    advice: 'Give its nodes the tag `Environment` (dev, test, prod, …), or write the stage yourself.',
  },
  'nodes-without-application': {
    consequence: 'left-out',
    advice: 'Give the nodes the tag `Application`, then import again: a plan selects nodes by it.',
  },
  'nodes-without-patch-group': {
    consequence: 'left-out',
    advice: 'Give the nodes the tag `Patch Group`, then import again: a stage selects nodes by it.',
  },
  'document-refused': {
    consequence: 'left-out',
    advice: 'Write the document yourself; the message says what stands in the way.',
  },
  'too-much': {
    consequence: 'left-out',
    advice: 'Import fewer accounts or Regions at a time.',
  },
  'window-renamed': {
    consequence: 'changed',
    advice: 'Change the tag `Maintenance Window` of the nodes where it bears the old name.',
  },
  'max-concurrency': {
    consequence: 'changed',
    advice: 'Check waves.maxUnavailable: it counts in each wave (one account in one zone), not over all targets.',
  },
  'max-errors': {
    consequence: 'changed',
    advice: 'Check waves.pauseAfterFailures: it counts over the stage and asks a person, where AWS stopped sending.',
  },
  'task-order': {
    consequence: 'changed',
    advice:
      'Check the tasks: those on nodes run around the patch of each batch, not on all nodes before the first is patched.',
  },
  'task-timeout': {
    consequence: 'changed',
    advice: 'Write how long the task may take: what takes longer has failed.',
  },
  'task-settings': {
    consequence: 'changed',
    advice:
      'Output goes to the bucket of Patchtide, notices to its webhook; what else is needed goes into the document.',
  },
  hooks: {
    consequence: 'changed',
    advice: 'Check the tasks: hooks run as documents of their own, after tasks even where the install failed.',
  },
  'baseline-rejected': {
    consequence: 'changed',
    advice: 'Check the list: what is rejected here is never installed, not even as a dependency.',
  },
  'baseline-approved': {
    consequence: 'changed',
    advice: 'Check the list: what is approved here is taken from every repository, security or not.',
  },
  'baseline-level': {
    consequence: 'changed',
    advice: "Nothing, where nobody reads AWS's compliance levels: Patchtide takes them from the severity of a rule.",
  },
  'baseline-lists': {
    consequence: 'changed',
    advice: 'Check the lists: in one PatchBaseline they hold for all of its operating systems.',
  },
  'windows-still-run': {
    consequence: 'check',
    advice: 'Disable these windows in AWS before the first cycle: two installers on one node disturb each other.',
  },
  'window-unused': {
    consequence: 'check',
    advice: 'Leave it out, or give nodes the tag `Maintenance Window` with its name.',
  },
  'stage-window': {
    consequence: 'check',
    advice: 'Give the nodes the tag `Maintenance Window` with the name of a window, or name one window for the stage.',
  },
  'plan-started-by-hand': {
    consequence: 'check',
    advice: 'Run the first cycles by hand, then write `start`, a day before the windows of the first stage.',
  },
  'plan-owner': {
    consequence: 'check',
    advice: 'Write who answers for the plan into metadata.owner.',
  },
  'patch-group-empty': {
    consequence: 'check',
    advice: 'Deregister it, or find out where its nodes are.',
  },
  'baseline-default': {
    consequence: 'check',
    advice: "Decide whether the rules of AWS's default baseline, as they are today, are what is wanted.",
  },
  'name-taken': {
    consequence: 'check',
    advice: 'Compare the two (`patchtide diff`): applying this one makes a new version of the one that is there.',
  },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDINGS;
export const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];

/** One thing that did not come over as it was, or that a person should look at. */
export interface ImportFinding {
  readonly code: FindingCode;
  readonly consequence: Consequence;
  /** Name of the Account document; null where it concerns several locations. */
  readonly account: string | null;
  readonly region: Region | null;
  /** What of the estate, or which document. */
  readonly subject: string;
  readonly message: string;
  readonly advice: string;
}

/** Where a finding belongs: an Account document's name and a Region. */
export interface Place {
  readonly account: string;
  readonly region: Region;
}

export const finding = (code: FindingCode, place: Place | null, subject: string, message: string): ImportFinding => ({
  code,
  consequence: FINDINGS[code].consequence,
  account: place?.account ?? null,
  region: place?.region ?? null,
  subject,
  message,
  advice: FINDINGS[code].advice,
});
