import type { z } from 'zod';
import type { manifest as manifestSchema } from '../../api/schemas/records.js';
import type { Client } from '../client.js';
import { answerJson, type Context } from '../context.js';
import { CommandError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { manifestText } from '../render/manifest.js';
import type { Cycle } from '../render/states.js';
import { ROUTES } from '../routes.js';

export type Manifest = z.output<typeof manifestSchema>;

interface DecisionOptions {
  readonly reason: string;
  readonly manifest?: string;
  readonly yes?: true;
  readonly idempotencyKey?: string;
}

/**
 * `approve` and `reject`. Shows what the stage is about to do, asks, and sends the digest of what was shown: where the stage has
 * been prepared anew meanwhile, the API refuses. With `--manifest` the digest is the person's, and nothing is asked; with
 * `--yes` it is shown and not asked.
 */
export async function decide(
  context: Context,
  decision: 'approve' | 'reject',
  id: string,
  named: string | undefined,
  options: DecisionOptions,
): Promise<ExitCode> {
  const { reason, idempotencyKey } = options;
  const api = context.as('approver');
  const cycle = await api.call(ROUTES.cycle, { parameters: { id } });
  const stage = named ?? waitingStage(cycle);
  const manifest = options.manifest ?? (await shown(context, api, decision, cycle, stage, options.yes === true));
  if (manifest === null) {
    context.say('Nothing was decided.');
    return EXIT.fault;
  }
  const parameters = { id, stage };
  const answer = await api.call(ROUTES.decide, { parameters, body: { decision, reason, manifest }, idempotencyKey });
  if (context.json) answerJson(context, answer);
  else context.answer(DECIDED[answer.decided](id, stage));
  return answer.decided === 'counted' ? EXIT.waitsForApproval : EXIT.done;
}

const DECIDED = {
  approved: (id: string, stage: string) => `${stage} of ${id} is approved.`,
  rejected: (id: string, stage: string) => `${stage} of ${id} is rejected; the cycle ends.`,
  counted: (id: string, stage: string) => `Your approval of ${stage} of ${id} counts; more approvers are needed.`,
} as const;

const waitingStage = ({ id, status, waitingFor }: Cycle): string => {
  if (waitingFor?.kind === 'approval' && waitingFor.stage !== null) return waitingFor.stage;
  throw new CommandError(
    `${id} waits for no decision: it is ${status}${waitingFor ? `, and waits for ${waitingFor.kind}` : ''}.`,
    `See patchtide cycle show ${id}; patchtide cycle watch ${id} --until approval ends when it waits for one.`,
  );
};

/** The digest of what a person has seen; null where they said no. */
async function shown(
  context: Context,
  api: Client,
  decision: string,
  cycle: Cycle,
  stage: string,
  yes: boolean,
): Promise<string | null> {
  const digest = cycle.stages.find(({ name }) => name === stage)?.manifest ?? null;
  if (digest === null)
    throw new CommandError(
      `Stage ${stage} of ${cycle.id} has no manifest yet.`,
      `See patchtide cycle show ${cycle.id}.`,
    );
  const { ask } = context.terminal;
  if (!yes && ask === null)
    throw new CommandError(
      'There is nobody here who could be asked.',
      `Read the manifest (patchtide manifest ${digest}), then repeat the command with --manifest ${digest}; or with --yes.`,
      EXIT.usage,
    );
  const manifest = await api.call(ROUTES.manifest, { parameters: { digest } });
  context.say(manifestText(manifest, digest, context));
  if (yes || ask === null) return digest;
  const answer = await ask(
    `\n${decision === 'approve' ? 'Approve' : 'Reject'} this for ${stage} of ${cycle.id}? [y/N] `,
  );
  return /^y(es)?$/i.test(answer.trim()) ? digest : null;
}
