import type { CycleId } from '../domain/ids.js';

/** Where the Temporal UI is, and the namespace that it shows; null where no link can be given. */
export interface TemporalUi {
  readonly url: string;
  readonly namespace: string;
}

/** Addresses of a cycle, relative to the API but for Temporal's own UI. */
export const cycleLinks = (id: CycleId, workflowId: string, ui: TemporalUi | null) => ({
  self: `/v1/cycles/${id}`,
  events: `/v1/cycles/${id}/events`,
  nodes: `/v1/cycles/${id}/nodes`,
  report: `/v1/cycles/${id}/report`,
  temporalUi: ui && workflowLink(workflowId, ui),
});

const workflowLink = (workflowId: string, { url, namespace }: TemporalUi): string =>
  `${url.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
