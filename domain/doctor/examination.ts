import type { ManagedNode } from '../fleet.js';
import type { Location } from '../ids.js';
import type { OtherPatching } from '../other-patching.js';
import type { BucketAnswer, EndpointAnswer, StepAnswer } from './report.js';

/** What was found in one location, before anybody judges it. Every part has been asked by itself, within its own time. */
export interface Examination extends Location {
  readonly credentials: Credentials;
  readonly endpoints: readonly EndpointAnswer[];
  readonly bucket: BucketAnswer & { readonly message: string };
  readonly nodes: Found<readonly ManagedNode[]>;
  readonly steps: readonly StepAnswer[];
  readonly otherPatching: Found<readonly OtherPatching[]>;
}

/**
 * `assumed`: who AWS says that we are. `none`: the service itself has no credentials. `refused`: STS said no.
 * `unreachable`: STS did not answer.
 */
export type Credentials =
  | { readonly kind: 'assumed'; readonly identity: string; readonly account: string }
  | { readonly kind: 'none' | 'refused' | 'unreachable'; readonly message: string };

/** What was found, or why nothing was. */
export type Found<Value> = { readonly value: Value } | { readonly value: null; readonly message: string };
