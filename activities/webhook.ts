import { ApplicationFailure } from '@temporalio/activity';
import { Webhook } from 'standardwebhooks';
import type { WebhookEvent } from '../domain/webhook.js';

export interface WebhookTarget {
  readonly url: string;
  /** As Standard Webhooks writes it: `whsec_` and base64. */
  readonly secret: string;
}

export type WebhookActivities = ReturnType<typeof createWebhookActivities>;

const ANSWER_WITHIN = 10_000;

/** Tells the outside by a POST, signed as Standard Webhooks says; without a target nobody has asked to be told. */
export function createWebhookActivities({ target }: { readonly target: WebhookTarget | null }) {
  async function deliverWebhook(event: WebhookEvent): Promise<void> {
    if (!target) return;
    const body = JSON.stringify(event);
    const now = new Date();
    const signature = new Webhook(target.secret).sign(event.id, now, body);
    const response = await fetch(target.url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': event.id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': signature,
      },
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    if (response.ok) return;
    const message = `The webhook's receiver answered ${response.status}.`;
    // 410 Gone: the receiver wants no more of these (Standard Webhooks).
    throw ApplicationFailure.create({ type: 'webhook-refused', message, nonRetryable: response.status === 410 });
  }
  return { deliverWebhook };
}
