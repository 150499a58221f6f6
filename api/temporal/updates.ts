import { randomUUID } from 'node:crypto';
import { type UpdateDefinition, WorkflowUpdateFailedError } from '@temporalio/client';
import { REFUSALS, type Refusal } from '../../workflows/messages.js';
import { Problem } from '../errors.js';
import { type TemporalClient, within } from './client.js';
import { isNoSuchWorkflow } from './trouble.js';

/** Temporal's own limit of updates in flight to one workflow. */
const IN_FLIGHT = 10;
/** Hundreds at once are taken, one after the other; more than this in line for one workflow is nobody's intention. */
const IN_LINE = 1_000;
/** Updates answer as soon as a worker has taken them; longer means that no worker runs. */
const UPDATE_DEADLINE = 10_000;

/** The workflow said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal, message: string, cause: unknown) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

interface Line {
  inFlight: number;
  readonly waiting: (() => void)[];
}

/** Sends updates to workflows, at most ten at a time to each; the others stand in line. */
export class PacedUpdates {
  readonly #client: TemporalClient;
  readonly #lines = new Map<string, Line>();

  constructor(client: TemporalClient) {
    this.#client = client;
  }

  /**
   * Sends an update and waits for its result. The same `updateId` is the same update.
   * @throws {Refused} with the workflow's own reason, or `ended` where no such workflow runs
   * @throws {Problem} where no worker answers in time: the update may still apply
   */
  async send<Result, Argument>(
    workflowId: string,
    update: UpdateDefinition<Result, [Argument]>,
    argument: Argument,
    updateId: string = randomUUID(),
  ): Promise<Result> {
    const leave = await this.#enter(workflowId);
    try {
      return await within(this.#client, UPDATE_DEADLINE, () =>
        this.#client.workflow
          .getHandle(workflowId)
          .executeUpdate<Result, [Argument]>(update, { args: [argument], updateId }),
      );
    } catch (error) {
      throw asRefusal(error) ?? error;
    } finally {
      leave();
    }
  }

  async #enter(workflowId: string): Promise<() => void> {
    const line = this.#lines.get(workflowId) ?? { inFlight: 0, waiting: [] };
    this.#lines.set(workflowId, line);
    if (line.waiting.length >= IN_LINE) {
      throw new Problem('overloaded', `${IN_LINE} requests wait for ${workflowId} already.`);
    }
    if (line.inFlight < IN_FLIGHT) line.inFlight += 1;
    else await new Promise<void>((proceed) => line.waiting.push(proceed));
    return () => {
      const next = line.waiting.shift();
      if (next) return next();
      line.inFlight -= 1;
      if (line.inFlight === 0) this.#lines.delete(workflowId);
    };
  }
}

const isRefusal = (type: unknown): type is Refusal => REFUSALS.some((refusal) => refusal === type);

/** Failures are matched by their type, not by their class: they crossed a wire. */
const asRefusal = (error: unknown): Refused | null => {
  if (isNoSuchWorkflow(error)) return new Refused('ended', 'There is no such run any more, or not yet.', error);
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  const type = error.cause && 'type' in error.cause ? error.cause.type : null;
  if (isRefusal(type)) return new Refused(type, error.cause?.message ?? error.message, error);
  if (type === 'AcceptedUpdateCompletedWorkflow') return new Refused('ended', 'The run ended meanwhile.', error);
  return null;
};
