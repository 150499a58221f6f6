import type { z } from 'zod';
import type { fleetNode } from '../../api/schemas/nodes.js';
import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { systemName } from '../render/manifest.js';
import { table } from '../render/table.js';
import { wrapped } from '../render/text.js';
import { localTime } from '../render/time.js';
import { ROUTES } from '../routes.js';

type Node = z.output<typeof fleetNode>;

interface NodesOptions {
  readonly setAside?: true;
  readonly account?: string;
  readonly region?: string;
}

/** `nodes`: the inventory, and what of it cycles leave alone. */
export async function nodes(context: Context, { setAside, account, region }: NodesOptions): Promise<ExitCode> {
  const query = {
    ...(setAside && { setAside: 'true' as const }),
    ...(account !== undefined && { account }),
    ...(region !== undefined && { region }),
  };
  const found: Node[] = [];
  for await (const node of context.as('viewer').every<Node, typeof ROUTES.fleetNodes>(ROUTES.fleetNodes, { query }))
    found.push(node);
  if (context.json) answerJson(context, found);
  else if (found.length === 0) context.say('There are no such nodes.');
  else context.answer(nodesTable(found, context));
  return EXIT.done;
}

/** A row for each node, and under those that are set aside the reason, in full. */
const nodesTable = (found: readonly Node[], context: Context): string => {
  const [head = '', ...rows] = table(
    [
      { title: 'NODE' },
      { title: 'NAME', givesWay: true },
      { title: 'LOCATION', givesWay: true },
      { title: 'OS', givesWay: true },
      { title: 'COMPLIANCE' },
      { title: 'SCANNED' },
      { title: 'CYCLE', givesWay: true },
    ],
    found.map(({ id, name, account, region, os, compliance, scannedAt, setAside, cycle }) => [
      id,
      name,
      `${account} ${region}`,
      os === null ? '' : systemName(os),
      compliance,
      scannedAt === null ? 'never' : localTime(scannedAt, context.clock()),
      setAside === null ? (cycle ?? '') : 'set aside',
    ]),
    context,
  ).split('\n');
  return [head, ...rows.flatMap((row, index) => [row, ...reasonOf(found[index], context)])].join('\n');
};

const reasonOf = (node: Node | undefined, context: Context): string[] => {
  if (!node?.setAside) return [];
  const { since, cycle, stage, reason } = node.setAside;
  const text = `since ${localTime(since, context.clock())}, by ${stage} of ${cycle}: ${reason}`;
  return wrapped(text, context.width - 2).map((line) => context.colours.dim(`  ${line}`));
};

/** `readmit`: takes a node back that was set aside. */
export async function readmit(
  context: Context,
  id: string,
  { reason, idempotencyKey }: { readonly reason: string; readonly idempotencyKey?: string },
): Promise<ExitCode> {
  const parameters = { id };
  const done = await context.as('operator').call(ROUTES.readmit, { parameters, body: { reason }, idempotencyKey });
  if (context.json) answerJson(context, done);
  else context.answer(`${id} is taken back: the next cycle patches it again.`);
  return EXIT.done;
}
