import type { Decision, DecisionMessage } from './cycle.js';
import type { ApprovalPolicy } from './documents/types.js';
import type { Digest, StageName } from './ids.js';

/**
 * Reads what came as the signal `decideStage`. Signals come from anybody's terminal, so anything may be in them.
 * Hand-written, since workflows replay this: it must never change its mind about an old signal.
 */
export function readDecision(value: unknown): { ok: true; decision: DecisionMessage } | { ok: false; fault: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, fault: 'expected an object {stage, decision, by, reason, manifest}' };
  }
  const field = (name: string): string | null => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === 'string' && found.trim() !== '' && found.length <= 2000 ? found : null;
  };
  const [stage, decision, by, reason, manifest] = ['stage', 'decision', 'by', 'reason', 'manifest'].map(field);
  if (!stage) return { ok: false, fault: 'stage: expected the name of the stage' };
  if (decision !== 'approve' && decision !== 'reject')
    return { ok: false, fault: 'decision: expected approve or reject' };
  if (!by) return { ok: false, fault: 'by: expected who decides' };
  if (!reason) return { ok: false, fault: 'reason: expected a sentence' };
  if (!manifest) return { ok: false, fault: 'manifest: expected the digest that was shown' };
  return { ok: true, decision: { stage: stage as StageName, decision, by, reason, manifest: manifest as Digest } };
}

/** Why a decision does not count; null where it does. */
export function refusalOf(
  message: DecisionMessage,
  waiting: { readonly manifest: Digest; readonly requestedBy: string; readonly decisions: readonly Decision[] } | null,
): { code: 'not-waiting' | 'other-manifest' | 'own-request' | 'already-decided'; message: string } | null {
  if (!waiting) return { code: 'not-waiting', message: `Stage ${message.stage} does not wait for a decision.` };
  if (message.manifest !== waiting.manifest) {
    return {
      code: 'other-manifest',
      message: `The decision is about manifest ${message.manifest}, and the stage waits for one about ${waiting.manifest}. Read that one and decide again.`,
    };
  }
  if (message.by === waiting.requestedBy) {
    return { code: 'own-request', message: `${message.by} asked for this cycle and so cannot decide on it.` };
  }
  if (waiting.decisions.some((made) => made.by === message.by && made.manifest === message.manifest)) {
    return { code: 'already-decided', message: `${message.by} has decided on this manifest already.` };
  }
  return null;
}

/** What the decisions on a manifest come to: one rejection rejects, and as many approvers as the quorum approve. */
export function verdictOf(
  policy: ApprovalPolicy,
  decisions: readonly Decision[],
  manifest: Digest,
): 'approved' | 'rejected' | null {
  const made = decisions.filter((decision) => decision.manifest === manifest);
  if (made.some((decision) => decision.decision === 'reject')) return 'rejected';
  return made.length >= policy.quorum ? 'approved' : null;
}
