import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Decision, DecisionMessage } from '../domain/cycle.js';
import { readDecision, refusalOf, verdictOf } from '../domain/decision.js';
import type { ApprovalPolicy } from '../domain/documents/types.js';
import type { Digest, Instant } from '../domain/ids.js';
import type { StageState } from './stage-state.js';

/** Waits for people to decide on a manifest, and counts only what was decided on that one. */
export class Approval {
  private waitingFor: Digest | null = null;
  private policy: ApprovalPolicy | null = null;
  private readonly decisions: Decision[] = [];
  private readonly stage: StageState;

  constructor(stage: StageState) {
    this.stage = stage;
  }

  /** Synchronous on purpose: an asynchronous validator would loop the workflow task. */
  validate(message: DecisionMessage): void {
    const read = readDecision(message);
    if (!read.ok) throw ApplicationFailure.nonRetryable(`Malformed: ${read.fault}.`, 'malformed');
    const refusal = this.refusal(message);
    if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.code);
  }

  async decide(message: DecisionMessage, via: Decision['via']) {
    // Several updates are validated before the first is handled, so what held then may not hold now.
    this.validate(message);
    const at = new Date(Date.now()).toISOString() as Instant;
    this.decisions.push({ ...message, at, via });
    const verdict = this.verdict();
    if (verdict !== null) this.waitingFor = null;
    await this.stage.decided(this.decisions);
    return { decided: verdict ?? ('counted' as const), at };
  }

  /** A signal can't be refused: what does not count is noted, so that the person can find out why. */
  async decideOrNote(message: DecisionMessage): Promise<void> {
    const read = readDecision(message);
    if (!read.ok) return this.stage.note(`A signal decideBySignal was ignored: ${read.fault}.`);
    const refusal = this.refusal(message);
    if (refusal) await this.stage.note(`A decision by ${message.by} was ignored: ${refusal.message}`);
    else await this.decide(message, 'signal');
  }

  /** The answer to this manifest. What is not decided in time is rejected. */
  async of(
    policy: ApprovalPolicy,
    prepared: PreparedStage,
  ): Promise<{ kind: 'approved' } | { kind: 'rejected'; message: string }> {
    const { manifest } = prepared;
    this.policy = policy;
    this.waitingFor = manifest;
    const until = new Date(Date.now() + policy.decideWithin).toISOString() as Instant;
    try {
      await this.stage.waitsForApproval(manifest, until);
      const decided = await condition(() => this.verdict(manifest) !== null, policy.decideWithin, {
        summary: 'Time to decide; what is not decided by then is rejected',
      });
      if (!decided) return { kind: 'rejected', message: `Not decided by ${until}, and so rejected.` };
    } finally {
      this.waitingFor = null;
    }
    const rejection = this.decisions.find((made) => made.manifest === manifest && made.decision === 'reject');
    if (rejection) return { kind: 'rejected', message: `Rejected by ${rejection.by}: ${rejection.reason}` };
    // A pause may hold the stage back from here on: then it is not the approver who is waited for.
    await this.stage.is('waiting', 'preparing');
    return { kind: 'approved' };
  }

  private refusal(message: DecisionMessage) {
    const manifest = this.waitingFor;
    const { requestedBy } = this.stage.request;
    return refusalOf(message, manifest === null ? null : { manifest, requestedBy, decisions: this.decisions });
  }

  private verdict(manifest = this.waitingFor) {
    if (!this.policy || manifest === null) return null;
    return verdictOf(this.policy, this.decisions, manifest);
  }
}
