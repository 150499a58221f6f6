import type { z } from 'zod';
import type { cycleNode, cyclePage, cycleStatus, nodeOutcome } from '../../api/schemas/cycles.js';
import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { cycleFrame } from '../render/cycle.js';
import { systemName } from '../render/manifest.js';
import { styleOf, wordsOf } from '../render/states.js';
import { table } from '../render/table.js';
import { painted, wrapped } from '../render/text.js';
import { localTime } from '../render/time.js';
import { ROUTES } from '../routes.js';
import { type WatchOptions, watchCycle } from '../watch/index.js';

type Status = z.output<typeof cycleStatus>;
type Summary = z.output<typeof cyclePage>['items'][number];
type Node = z.output<typeof cycleNode>;

interface StartOptions extends WatchOptions {
  readonly reason: string;
  readonly reference?: string;
  readonly idempotencyKey?: string;
  readonly watch?: true;
}

/** `cycle start`: asks for a cycle of the plan; with `--watch` follows it to its end. */
export async function start(context: Context, plan: string, options: StartOptions): Promise<ExitCode> {
  const { reason, reference, idempotencyKey } = options;
  const api = context.as('operator');
  const started = await api.call(ROUTES.startCycle, {
    body: { plan, reason, ...(reference !== undefined && { reference }) },
    idempotencyKey,
  });
  if (options.watch || options.until) {
    context.say(`Cycle ${started.id} of plan ${started.plan}, version ${started.planVersion}, was asked for.`);
    return watchCycle(context, api, started.id, options);
  }
  if (context.json) answerJson(context, started);
  else {
    context.answer(started.id);
    context.say(`Cycle ${started.id} of plan ${started.plan}, version ${started.planVersion}, was asked for.`);
    context.say(`Follow it: patchtide cycle watch ${started.id}`);
    if (started.links.temporalUi) context.say(`In Temporal: ${started.links.temporalUi}`);
  }
  return EXIT.done;
}

/** `cycle watch`: follows a cycle to its end, and ends as it did. */
export const watch = (context: Context, id: string, options: WatchOptions): Promise<ExitCode> =>
  watchCycle(context, context.as('viewer'), id, options);

interface ListOptions {
  readonly plan?: string;
  readonly status?: Status;
  readonly limit: number;
}

/** `cycle list`: the newest first. */
export async function list(context: Context, { plan, status, limit }: ListOptions): Promise<ExitCode> {
  const query = { limit, ...(plan !== undefined && { plan }), ...(status !== undefined && { status }) };
  const { items, next } = await context.as('viewer').call(ROUTES.cycles, { query });
  if (context.json) answerJson(context, items);
  else if (items.length === 0) context.say('There are no such cycles.');
  else {
    context.answer(cyclesTable(items, context));
    if (next !== null) context.say(`These are the newest ${items.length}; --limit shows more.`);
  }
  return EXIT.done;
}

const cyclesTable = (cycles: readonly Summary[], context: Context): string =>
  table(
    [
      { title: 'CYCLE' },
      { title: 'STATUS' },
      { title: 'STARTED' },
      { title: 'BY', givesWay: true },
      { title: 'REFERENCE', givesWay: true },
      { title: 'WAITS FOR' },
      { title: 'REASON', givesWay: true },
    ],
    cycles.map(({ id, status, startedAt, requestedBy, reference, waitingFor, reason }) => [
      id,
      wordsOf(status),
      localTime(startedAt, context.clock()),
      requestedBy,
      reference ?? '',
      waitingFor ? [waitingFor.kind, waitingFor.stage && `of ${waitingFor.stage}`].filter(Boolean).join(' ') : '',
      reason,
    ]),
    {
      ...context,
      paint: (cell, column, row) =>
        column === 1
          ? painted([[cell, styleOf(cycles[row]?.status ?? 'pending')]], context.colours, cell.length)
          : cell,
    },
  );

/** `cycle show`: one cycle, as it is now. */
export async function show(context: Context, id: string): Promise<ExitCode> {
  const cycle = await context.as('viewer').call(ROUTES.cycle, { parameters: { id } });
  if (context.json) answerJson(context, cycle);
  else
    context.answer(
      cycleFrame(cycle, { clock: context.clock(), width: context.width, height: Number.POSITIVE_INFINITY, all: true })
        .map((line) => painted(line, context.colours, context.width))
        .join('\n'),
    );
  return EXIT.done;
}

interface NodesOptions {
  readonly stage?: string;
  readonly outcome?: z.output<typeof nodeOutcome>;
}

/** `cycle nodes`: the outcome of every node, and why. */
export async function nodes(context: Context, id: string, { stage, outcome }: NodesOptions): Promise<ExitCode> {
  const query = { ...(stage !== undefined && { stage }), ...(outcome !== undefined && { outcome }) };
  const found: Node[] = [];
  const api = context.as('viewer');
  for await (const node of api.every<Node, typeof ROUTES.nodes>(ROUTES.nodes, { parameters: { id }, query }))
    found.push(node);
  if (context.json) answerJson(context, found);
  else if (found.length === 0) context.say('There are no such nodes.');
  else context.answer(nodesTable(found, context));
  return EXIT.done;
}

/** A row for each node, and under those that were not patched the reason, in full. */
const nodesTable = (nodes: readonly Node[], context: Context): string => {
  const [head = '', ...rows] = table(
    [
      { title: 'STAGE' },
      { title: 'NODE', givesWay: true },
      { title: 'LOCATION', givesWay: true },
      { title: 'OS', givesWay: true },
      { title: 'OUTCOME' },
      { title: 'COMPLIANCE' },
    ],
    nodes.map(({ stage, name, account, region, os, outcome, step, compliance }) => [
      stage,
      name,
      `${account} ${region}`,
      os === null ? '' : systemName(os),
      outcome ?? (step === null ? 'pending' : `pending (${step})`),
      compliance,
    ]),
    context,
  ).split('\n');
  const reasonOf = ({ outcome, reason }: Node): readonly string[] =>
    reason === null || outcome === 'patched' || outcome === 'already-compliant'
      ? []
      : wrapped(reason, context.width - 2).map((line) => context.colours.dim(`  ${line}`));
  return [head, ...rows.flatMap((row, at) => [row, ...(nodes[at] ? reasonOf(nodes[at]) : [])])].join('\n');
};

/** `cycle pause`, `resume` and `cancel`. */
export async function steer(
  context: Context,
  act: 'pause' | 'resume' | 'cancel',
  id: string,
  { reason, idempotencyKey }: { readonly reason: string; readonly idempotencyKey?: string },
): Promise<ExitCode> {
  const done = await context.as('operator').call(ROUTES[act], { parameters: { id }, body: { reason }, idempotencyKey });
  if (context.json) answerJson(context, done);
  else context.answer(TOLD[act](id));
  return EXIT.done;
}

const TOLD = {
  pause: (id: string) => `${id} is paused: what runs is finished, nothing new begins.`,
  resume: (id: string) => `${id} goes on.`,
  cancel: (id: string) => `${id} is being cancelled: nodes that were begun are finished and put back in service first.`,
} as const;

/** `cycle answer`. */
export async function answer(
  context: Context,
  id: string,
  { action, reason, idempotencyKey }: AnswerOptions,
): Promise<ExitCode> {
  const body = { action, reason };
  const done = await context.as('operator').call(ROUTES.answer, { parameters: { id }, body, idempotencyKey });
  if (context.json) answerJson(context, done);
  else context.answer(ANSWERED[action](id));
  return EXIT.done;
}

interface AnswerOptions {
  readonly action: keyof typeof ANSWERED;
  readonly reason: string;
  readonly idempotencyKey?: string;
}

const ANSWERED = {
  'retry-failed': (id: string) => `${id} tries its failed nodes again, and goes on.`,
  continue: (id: string) => `${id} goes on.`,
  stop: (id: string) => `${id} begins nothing more: what runs is finished, then it ends.`,
  rollback: (id: string) =>
    `${id} begins nothing more: what runs is finished, then what its stage changed is rolled back.`,
} as const;
