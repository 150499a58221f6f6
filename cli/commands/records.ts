import type { z } from 'zod';
import type { patchSet as patchSetSchema, report as reportSchema } from '../../api/schemas/records.js';
import type { Client } from '../client.js';
import { answerJson, type Context } from '../context.js';
import { CommandError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { cycleFrame } from '../render/cycle.js';
import { manifestText, systemName } from '../render/manifest.js';
import { table } from '../render/table.js';
import { counted, painted, short, wrapped } from '../render/text.js';
import { localTime, timeOfDay } from '../render/time.js';
import { ROUTES } from '../routes.js';

type PatchSet = z.output<typeof patchSetSchema>;
type Report = z.output<typeof reportSchema>;

/** `manifest`: what a stage is about to do. */
export async function manifest(context: Context, digest: string): Promise<ExitCode> {
  const found = await context.as('viewer').call(ROUTES.manifest, { parameters: { digest } });
  if (context.json) answerJson(context, found);
  else context.answer(manifestText(found, digest, context));
  return EXIT.done;
}

/** `patch-set show`: the exact patches that a stage has proven. */
export async function showPatchSet(context: Context, named: string): Promise<ExitCode> {
  const found = await patchSetNamed(context.as('viewer'), named);
  if (context.json) {
    answerJson(context, found);
    return EXIT.done;
  }
  const patches = patchesOf(found);
  context.answer(
    [
      `${context.colours.bold(found.digest)}`,
      `proven by stage ${found.stage} of ${found.cycle}, ${localTime(found.harvestedAt, context.clock())}: ${counted(patches.length, 'patch', 'patches')}`,
      ...(patches.length === 0 ? [] : ['', patchTable(patches, context)]),
    ].join('\n'),
  );
  return EXIT.done;
}

/** `patch-set diff`: what the second set has and the first has not, and the other way round. Ends with 1 where they differ. */
export async function diffPatchSets(context: Context, one: string, other: string): Promise<ExitCode> {
  const api = context.as('viewer');
  const [first, second] = [await patchSetNamed(api, one), await patchSetNamed(api, other)];
  const [before, after] = [patchesOf(first), patchesOf(second)];
  const missingIn = (there: readonly Patch[]) => {
    const known = new Set(there.map(exactly));
    return (patch: Patch) => !known.has(exactly(patch));
  };
  const [added, removed] = [after.filter(missingIn(before)), before.filter(missingIn(after))];
  if (context.json) answerJson(context, { before: first.digest, after: second.digest, added, removed });
  else {
    const { colours } = context;
    const line = (sign: string, { os, id, title }: Patch) =>
      `${sign} ${systemName(os)}  ${id}${title === id ? '' : `  ${title}`}`;
    context.answer(
      [
        `${short(first.digest)}… (${first.stage} of ${first.cycle}) → ${short(second.digest)}… (${second.stage} of ${second.cycle}): ${
          added.length + removed.length === 0 ? 'the same patches' : `${added.length} more, ${removed.length} fewer`
        }`,
        ...removed.map((patch) => colours.red(line('-', patch))),
        ...added.map((patch) => colours.green(line('+', patch))),
      ].join('\n'),
    );
  }
  return added.length + removed.length === 0 ? EXIT.done : EXIT.fault;
}

/** A set by its digest, or by its cycle and stage: `storefront-1/dev`, what that stage proved. */
async function patchSetNamed(api: Client, named: string): Promise<PatchSet> {
  return api.call(ROUTES.patchSet, { parameters: { digest: await digestOf(api, named) } });
}

async function digestOf(api: Client, named: string): Promise<string> {
  const [id, stage] = named.split('/');
  if (named.startsWith('sha256:') || id === undefined || stage === undefined) return named;
  const cycle = await api.call(ROUTES.cycle, { parameters: { id } });
  const proven = cycle.stages.find(({ name }) => name === stage)?.proven;
  if (proven) return proven;
  throw new CommandError(
    `Stage ${stage} of ${id} has proven no patch set.`,
    'A stage proves one when it has soaked; the last stage of a plan proves none.',
  );
}

interface Patch {
  readonly os: string;
  readonly id: string;
  readonly title: string;
  readonly nodes: number;
}
const patchesOf = ({ patches }: PatchSet): readonly Patch[] =>
  Object.entries(patches).flatMap(([os, list]) => list.map((patch) => ({ os, ...patch })));

/** The title names the version. */
const exactly = ({ os, id, title }: Patch): string => `${os} ${id} ${title}`;

const patchTable = (patches: readonly Patch[], context: Context): string =>
  table(
    [
      { title: 'SYSTEM' },
      { title: 'PATCH', givesWay: true },
      { title: 'NODES', numbers: true },
      { title: 'TITLE', givesWay: true },
    ],
    patches.map(({ os, id, title, nodes }) => [systemName(os), id, String(nodes), title === id ? '' : title]),
    context,
  );

/** `cycle report`: what an auditor asks first; `--json` is all of it. */
export async function report(context: Context, id: string): Promise<ExitCode> {
  const found = await context.as('viewer').call(ROUTES.report, { parameters: { id } });
  if (context.json) answerJson(context, found);
  else context.answer(reportText(found, context));
  return EXIT.done;
}

function reportText({ cycle, nodes, audit, patchSets, operations }: Report, context: Context): string {
  const { colours, width } = context;
  const clock = context.clock();
  const frame = cycleFrame({ ...cycle, links: NO_LINKS }, { clock, width, height: Number.POSITIVE_INFINITY });
  const notWell = nodes.filter(({ outcome }) => outcome !== 'patched' && outcome !== 'already-compliant');
  const section = (title: string, text: string) => ['', colours.bold(title), text];
  return [
    ...frame.map((line) => painted(line, colours, width)),
    ...section(
      'Outcomes',
      countsTable(nodes, ({ outcome }) => outcome ?? 'pending', context),
    ),
    ...section(
      'Compliance',
      countsTable(nodes, ({ compliance }) => compliance, context),
    ),
    ...(notWell.length > 0
      ? section('Nodes that were not patched', notWell.map((node) => nodeText(node, context)).join('\n'))
      : []),
    ...section(
      'Decisions',
      cycle.stages
        .flatMap(({ name, decisions }) =>
          decisions.map(
            ({ decision, by, at, via, manifest, reason }) =>
              `${localTime(at, clock)}  ${name}: ${decision} by ${by} (${via}), manifest ${short(manifest)}…: ${reason}`,
          ),
        )
        .join('\n') || 'none were asked for',
    ),
    ...section(
      'Patch sets',
      patchSets
        .map((set) => `${set.stage}  ${short(set.digest)}…  ${counted(patchesOf(set).length, 'patch', 'patches')}`)
        .join('\n') || 'none',
    ),
    ...section(
      'Audit',
      audit
        .map(
          ({ at, who, action, subject, result }) => `${timeOfDay(at, clock)}  ${who}: ${action} ${subject}, ${result}`,
        )
        .join('\n'),
    ),
    '',
    colours.dim(`${counted(operations.length, 'operation')} in AWS, and the steps of every node: --json`),
  ].join('\n');
}

const nodeText = (
  { stage, name, account, region, outcome, reason }: Report['nodes'][number],
  { width }: Context,
): string =>
  [
    `${stage}  ${name}  ${account} ${region}  ${outcome ?? 'pending'}`,
    ...wrapped(reason ?? '', width - 2).map((line) => `  ${line}`),
  ].join('\n');

/** The frame shows no links. */
const NO_LINKS = { self: '', events: '', nodes: '', report: '', temporalUi: null };

/** How many nodes of each stage (rows) have which value (columns). */
function countsTable(nodes: Report['nodes'], of: (node: Report['nodes'][number]) => string, context: Context): string {
  const stages = [...new Set(nodes.map(({ stage }) => stage))];
  const values = [...new Set(nodes.map(of))].sort();
  const count = (stage: string, value: string | null) =>
    String(nodes.filter((node) => node.stage === stage && (value === null || of(node) === value)).length);
  return table(
    [{ title: 'STAGE' }, ...values.map((title) => ({ title, numbers: true })), { title: 'all', numbers: true }],
    stages.map((stage) => [stage, ...values.map((value) => count(stage, value)), count(stage, null)]),
    context,
  );
}
