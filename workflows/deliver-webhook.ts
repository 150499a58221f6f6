import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { CycleRequest } from '../domain/cycle.js';
import { workflowIds } from '../domain/ids.js';
import type { WebhookEvent, WebhookType } from '../domain/webhook.js';
import { webhooks } from './activities.js';

/** Tells the outside, again and again for a day, what a person waits for. */
export async function deliverWebhook(event: WebhookEvent): Promise<void> {
  await webhooks.deliverWebhook(event);
}

/** Hands an event over for delivery and goes on: a receiver that is down holds no cycle up. The same event twice is once: `mark` tells those apart that are about one stage. */
export async function announce(
  type: WebhookType,
  request: CycleRequest,
  about: Pick<WebhookEvent, 'stage' | 'manifest' | 'until' | 'message'>,
  mark = about.manifest?.slice(-12) ?? String(Date.now()),
): Promise<void> {
  const { cycle, plan, number, reference } = request;
  const name = `${type}-${about.stage}-${mark}`;
  const event: WebhookEvent = {
    id: `${cycle}-${name}`,
    at: new Date(Date.now()).toISOString(),
    type,
    cycle,
    plan,
    reference,
    ...about,
  };
  try {
    await startChild(deliverWebhook, {
      workflowId: workflowIds.webhook(workflowIds.cycle(plan, number), name),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: about.message,
      args: [event],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
