import type { Instant, PlanName } from '../domain/ids.js';
import type { Preview } from '../domain/preview.js';
import { previewing } from './activities.js';

/** What a cycle of the plan would do if it started now. The API asks through here, since only workers talk to AWS. */
export async function previewPlan({ plan }: { readonly plan: PlanName }): Promise<Preview> {
  return previewing.preview({ plan, now: new Date(Date.now()).toISOString() as Instant });
}
