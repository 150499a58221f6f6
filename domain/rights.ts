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
  'stop-start',
  'automation',
  'other-patching',
  'doctor',
] as const;
export type RightsStep = (typeof RIGHTS_STEPS)[number];
