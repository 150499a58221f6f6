import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { counted } from '../render/text.js';
import { ROUTES } from '../routes.js';

/** `halt` and `unhalt`: no new work anywhere, and on again. */
export async function halt(
  context: Context,
  act: 'halt' | 'unhalt',
  { reason, idempotencyKey }: { readonly reason: string; readonly idempotencyKey?: string },
): Promise<ExitCode> {
  const done = await context.as('operator').call(ROUTES[act], { body: { reason }, idempotencyKey });
  if (context.json) answerJson(context, done);
  else context.answer(TOLD[act](done.told));
  return EXIT.done;
}

const cycles = (count: number): string => counted(count, 'running cycle');
const TOLD = {
  halt: (told: number) => `Halted: nothing new begins anywhere, what runs is finished. ${cycles(told)} told.`,
  unhalt: (told: number) => `The halt is lifted: ${cycles(told)} told. Cycles that are paused stay so.`,
} as const;
