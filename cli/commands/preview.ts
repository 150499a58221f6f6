import type { z } from 'zod';
import type { preview as previewSchema } from '../../api/schemas/plans.js';
import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../render/table.js';
import { counted } from '../render/text.js';
import { span } from '../render/time.js';
import { WAVE_COLUMNS, waveCells } from '../render/waves.js';
import { ROUTES } from '../routes.js';

type Preview = z.output<typeof previewSchema>;
type PreviewedStage = Preview['stages'][number];

/** What is listed one by one before the rest is counted. */
const LISTED = 10;
const MINUTE = 60_000;

/** `preview`: what a cycle of the plan would do if it started now, and when. */
export async function preview(context: Context, plan: string): Promise<ExitCode> {
  const found = await context.as('viewer').call(ROUTES.preview, { parameters: { name: plan } });
  if (context.json) answerJson(context, found);
  else
    context.answer(
      [...found.stages.map((stage) => stageText(stage, context)), ...warningText(found.warnings, context, 0)].join(
        '\n\n',
      ),
    );
  return EXIT.done;
}

const stageText = (stage: PreviewedStage, context: Context): string => {
  const { colours } = context;
  const title = `${colours.bold(stage.name)}  ${counted(stage.nodes, 'node')} in ${counted(stage.waves.length, 'wave')}`;
  return [
    title,
    ...(stage.windows.length > 0 ? [windowsText(stage.windows, context)] : []),
    ...(stage.waves.length > 0 ? [wavesText(stage.waves, context)] : []),
    ...(stage.snapshots === null
      ? []
      : [`  ${counted(stage.snapshots.count, 'snapshot')} of volumes of ${stage.snapshots.gib} GiB in all`]),
    ...some(
      'Left out',
      stage.leftOut.map(({ name, outcome, reason }) => `${name}: ${outcome}, ${reason}`),
      context,
    ),
    ...some(
      'Window unknown',
      stage.unknownWindows.map(
        ({ node, window }) => `${node}: ${window === null ? 'no window tag' : `no window "${window}"`}`,
      ),
      context,
    ),
    ...some(
      'Missing here, and not seen in the stage before',
      stage.untested.map(
        ({ id, title, nodes }) => `${id}${title === id ? '' : ` (${title})`} on ${counted(nodes, 'node')}`,
      ),
      context,
    ),
    ...warningText(stage.warnings, context, 2),
  ].join('\n\n');
};

const windowsText = (windows: PreviewedStage['windows'], context: Context): string =>
  table(
    [
      { title: 'WINDOW', givesWay: true },
      { title: 'OPENS' },
      { title: 'CLOSES' },
      { title: 'NODES', numbers: true },
      { title: 'TAKES', numbers: true },
      { title: 'FITS' },
    ],
    windows.map(({ window, opensLocal, closesLocal, nodes, estimatedMinutes, fitsBeforeCutoff, windowsNeeded }) => [
      window,
      opensLocal,
      closesLocal ?? 'never',
      String(nodes),
      span(estimatedMinutes * MINUTE),
      fitsBeforeCutoff ? 'yes' : windowsNeeded > 1 ? `NO, takes ${windowsNeeded}` : 'NO',
    ]),
    { ...context, indent: 2 },
  );

const wavesText = (waves: PreviewedStage['waves'], context: Context): string =>
  table(
    [...WAVE_COLUMNS, { title: 'BATCHES', numbers: true }],
    byLocation(waves).map((wave) => [...waveCells(wave, wave.nodes), String(wave.batches)]),
    { ...context, indent: 2 },
  );

/** Zones stay in the order in which they come, one after the other in their Region. */
const byLocation = (waves: PreviewedStage['waves']): PreviewedStage['waves'] =>
  waves.toSorted((a, b) => placeOf(a).localeCompare(placeOf(b), 'en'));

const placeOf = ({ account, region }: PreviewedStage['waves'][number]) => `${account} ${region}`;

/** A titled list, its end counted where it is long; nothing where it is empty. */
const some = (title: string, items: readonly string[], { colours }: Context): readonly string[] =>
  items.length === 0
    ? []
    : [
        [
          `  ${colours.yellow(title)} (${items.length})`,
          ...items.slice(0, LISTED).map((item) => `    ${item}`),
          ...(items.length > LISTED ? [colours.dim(`    and ${items.length - LISTED} more: --json lists all`)] : []),
        ].join('\n'),
      ];

const warningText = (warnings: readonly string[], { colours }: Context, indent: number): readonly string[] =>
  warnings.length === 0
    ? []
    : [warnings.map((warning) => `${' '.repeat(indent)}${colours.yellow('Warning:')} ${warning}`).join('\n')];
