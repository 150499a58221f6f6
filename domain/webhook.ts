import type { CycleId, Digest, Instant, PlanName, StageName } from './ids.js';

/** What a person waits for, or is waited for; or an alarm: nodes that were set aside, or left without a root volume. */
export type WebhookType = 'approval-wanted' | 'operator-wanted' | 'nodes-set-aside' | 'node-without-root-volume';

/** The body of our one webhook, signed as Standard Webhooks says; `id` is the same for every try. */
export interface WebhookEvent {
  readonly id: string;
  readonly at: string;
  readonly type: WebhookType;
  readonly cycle: CycleId;
  readonly plan: PlanName;
  readonly reference: string | null;
  readonly stage: StageName;
  readonly manifest: Digest | null;
  readonly until: Instant | null;
  readonly message: string;
}
