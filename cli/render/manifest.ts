import type { z } from 'zod';
import type { manifest as manifestSchema } from '../../api/schemas/records.js';
import type { Context } from '../context.js';
import { coloursFor, widthOf } from '../terminal.js';
import { table } from './table.js';
import { counted, short } from './text.js';
import { localTime, span } from './time.js';
import { WAVE_COLUMNS, waveCells } from './waves.js';

type Manifest = z.output<typeof manifestSchema>;

/** What an approver has to know of a manifest: how many nodes of which systems, where and when, what they get, what is left out. */
export function manifestText(manifest: Manifest, digest: string, context: Context): string {
  const { stderr, environment } = context.terminal;
  const [colours, width, clock] = [coloursFor(stderr, environment), widthOf(stderr), context.clock()];
  const { policy, targets, leftOut, installLists, windows, warnings } = manifest;
  const systems = tally(targets.map(({ os }) => systemName(os)));
  const rows: readonly (readonly [string, string])[] = [
    ['manifest', digest],
    ['prepared', localTime(manifest.preparedAt, clock)],
    ['nodes', `${targets.length}${targets.length > 0 ? `: ${systems}` : ''}`],
    ['left out', leftOut.length === 0 ? 'none' : `${leftOut.length}: ${tally(leftOut.map(({ reason }) => reason))}`],
    [
      'baseline',
      manifest.baseline.version === null
        ? manifest.baseline.name
        : `${manifest.baseline.name}, version ${manifest.baseline.version}`,
    ],
    [
      'patch set',
      manifest.patchSet === null
        ? 'none: this is the first stage'
        : `${short(manifest.patchSet)}…, proven by the stage before`,
    ],
    [
      'installs',
      installLists === null
        ? 'what the baseline approves'
        : `${counted(installedOf(installLists), 'patch', 'patches')} of that set`,
    ],
    ['untested', untestedText(installLists)],
    [
      'snapshots',
      { none: 'none', start: 'started, not awaited', await: 'awaited before the install' }[policy.snapshot],
    ],
    ['reboot', policy.reboot],
    ['soak', policy.soak === 0 ? 'none' : span(policy.soak)],
    ...(policy.waves.regions === 'parallel' ? [] : [['regions', 'one after the other'] as const]),
    ...(policy.health === null ? [] : [['health', healthText(policy.health)] as const]),
    ...windows.map(
      ({ window, opens, closes }) =>
        [
          `window`,
          `${window}: opens ${localTime(opens, clock)}${closes === null ? '' : `, closes ${localTime(closes, clock)}`}`,
        ] as const,
    ),
  ];
  const title = `${colours.bold(`${manifest.cycle}, stage ${manifest.stage}`)}  plan ${manifest.plan.name}, version ${manifest.plan.version}`;
  return [
    title,
    ...rows.map(([name, value]) => `  ${colours.dim(name.padEnd(9))}  ${value}`),
    '',
    table(
      WAVE_COLUMNS,
      manifest.waves.map((wave) =>
        waveCells(
          wave,
          wave.batches.reduce((sum, { nodes }) => sum + nodes.length, 0),
        ),
      ),
      { colours, width, indent: 2 },
    ),
    ...warnings.map((warning) => `  ${colours.yellow('Warning:')} ${warning}`),
  ].join('\n');
}

/** `12 ubuntu, 3 windows`: the most frequent first. */
export const tally = (values: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([value, count]) => `${count} ${value}`)
    .join(', ');
};

export const systemName = (os: string): string => os.toLowerCase().replaceAll('_', ' ');

type InstallLists = NonNullable<Manifest['installLists']>;
const installedOf = (lists: InstallLists): number =>
  new Set(lists.flatMap(({ patches }) => patches.map(({ id }) => id))).size;
const untestedText = (lists: Manifest['installLists']): string => {
  const ids = new Set(lists?.flatMap(({ untested }) => untested.map(({ id }) => id)) ?? []);
  return ids.size === 0
    ? 'none'
    : `${counted(ids.size, 'patch', 'patches')} missing here and not in that set; not installed`;
};

/** What is waited for after each zone. */
function healthText({ settle, within, checks }: NonNullable<Manifest['policy']['health']>): string {
  const what = checks.map((check) => {
    if ('http' in check) return `${check.http} answers ${check.expect}`;
    return 'command' in check
      ? `\`${check.command}\` on ${check.os}`
      : `target group ${check.targetGroup.split('/')[1]}`;
  });
  return [
    'after each zone',
    ...(settle > 0 ? [`${span(settle)} to settle`] : []),
    ...(what.length > 0 ? [`within ${span(within)}: ${what.join(', ')}`] : []),
  ].join(', ');
}
