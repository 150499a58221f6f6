import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { ROUTES } from '../routes.js';

interface RollbackOptions {
  readonly reason: string;
  readonly stage?: string;
  readonly wave?: number;
  readonly node?: readonly string[];
  readonly idempotencyKey?: string;
}

/** `cycle rollback`: restores root volumes, and goes on in the background. */
export async function rollback(context: Context, id: string, options: RollbackOptions): Promise<ExitCode> {
  const { reason, stage, wave, node, idempotencyKey } = options;
  const body = {
    reason,
    ...(stage !== undefined && { stage }),
    ...(wave !== undefined && { wave }),
    ...(node !== undefined && { nodes: [...node] }),
  };
  const started = await context.as('operator').call(ROUTES.rollBack, { parameters: { id }, body, idempotencyKey });
  if (context.json) answerJson(context, started);
  else {
    context.answer(`Rollback ${started.rollback} of ${id} began: ${started.nodes} nodes go back.`);
    for (const left of started.left) context.say(`${left.stage} ${left.node} stays as it is: ${left.reason}`);
    context.say(`What became of each: patchtide cycle nodes ${id}`);
  }
  return EXIT.done;
}
