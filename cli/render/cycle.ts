import { bar, type Cycle, groupsOf, marked, type Stage, sums, type Wave } from './states.js';
import { counted, type Line, lengthOfLine, padded, short, wrapped } from './text.js';
import { type Clock, localTime, span, untilText } from './time.js';

interface FrameOptions {
  readonly clock: Clock;
  readonly width: number;
  /** The most lines that there is room for. */
  readonly height: number;
  /** Shows the waves of every stage, and not only of the one that is being patched. */
  readonly all?: boolean;
}

const STATE_WIDTH = 18;
/** `12 of 24, 1 failed, 2 left out`, and the gap before it. */
const ROOM_FOR_SUMS = 33;
const BLANK: Line = [];

/** A cycle as a picture of text: what it is, its stages, the waves of the stage under way, and what it waits for. */
export function cycleFrame(cycle: Cycle, options: FrameOptions): readonly Line[] {
  const head = [...headOf(cycle, options), BLANK];
  const foot = footOf(cycle, options);
  const room = options.height - head.length - foot.length - cycle.stages.length;
  const names = Math.max(...cycle.stages.map(({ name }) => name.length));
  const stages = cycle.stages.flatMap((stage) => [
    stageLine(stage, names, options),
    ...(options.all || isUnderWay(stage) ? wavesOf(stage, room, options) : []),
  ]);
  return [...head, ...stages, ...foot];
}

const headOf = (cycle: Cycle, { clock, width }: FrameOptions): readonly Line[] => {
  const { id, status, plan, planVersion, requestedBy, reason, reference, startedAt, endedAt } = cycle;
  const took = Number(new Date(endedAt ?? clock.now)) - Number(new Date(startedAt));
  return [
    [
      [id, 'bold'],
      ['  '],
      ...marked(status),
      [`  ${span(took)}`],
      ...(reference ? ([[`  ${reference}`, 'cyan']] as const) : []),
    ],
    ...wrapped(
      `plan ${plan}, version ${planVersion}; asked for by ${requestedBy}, ${localTime(startedAt, clock)}: ${reason}`,
      width,
    ).map((line): Line => [[line, 'dim']]),
  ];
};

const isUnderWay = ({ status, locations }: Stage): boolean =>
  (status === 'patching' || status === 'waiting') && locations.length > 0;

const stageLine = (stage: Stage, names: number, { width }: FrameOptions): Line => [
  [padded(stage.name, names), 'bold'],
  ['  '],
  ...(stage.nodes.total === 0 ? marked(stage.status) : stateCell(stage.status)),
  ...progress(stage.nodes, width - names - 2 - STATE_WIDTH - 2),
];

const stateCell = (status: Stage['status'] | Wave['status']): Line => {
  const cell: Line = status === 'completed-with-failures' ? [['✖ with failures', 'red']] : marked(status);
  return [...cell, [' '.repeat(Math.max(1, STATE_WIDTH - lengthOfLine(cell)))]];
};

/** A bar and its sums, in what room there is. */
const progress = (counts: Stage['nodes'], room: number): Line =>
  counts.total === 0 ? [] : [...bar(counts, Math.max(6, Math.min(24, room - ROOM_FOR_SUMS))), ['  '], ...sums(counts)];

/** The waves of a stage under their locations; where they do not fit, those that are not under way are counted. */
function wavesOf(stage: Stage, room: number, options: FrameOptions): readonly Line[] {
  const several = stage.windows.length > 1;
  const zones = Math.max(
    ...stage.locations.flatMap(({ waves }) => waves.map((wave) => placeOf(wave, several).length)),
    0,
  );
  const all = stage.locations.flatMap(({ account, region, waves }) => [
    locationLine(account, region, waves),
    ...waves.map((wave) => waveLine(wave, several, zones, options)),
  ]);
  if (all.length <= room) return all;
  const closed = stage.locations.flatMap(({ account, region, waves }) => {
    const open = waves.filter(({ status }) => status !== 'pending' && status !== 'completed');
    return [locationLine(account, region, waves), ...open.map((wave) => waveLine(wave, several, zones, options))];
  });
  if (closed.length <= room) return closed;
  const shown = Math.max(0, room - 1);
  return [
    ...closed.slice(0, shown),
    [[`  and ${counted(closed.length - shown, 'more line')}: enlarge the window`, 'dim']],
  ];
}

const placeOf = ({ zone, zoneName, window }: Wave, several: boolean): string =>
  `${zoneName ?? zone}${several ? ` ${window}` : ''}`;

const locationLine = (account: string, region: string, waves: readonly Wave[]): Line => {
  const ended = waves.filter(({ nodes }) => groupsOf(nodes).pending === 0).length;
  return [
    [`  ${account} ${region}`, 'cyan'],
    [`  ${ended} of ${counted(waves.length, 'wave')} done`, 'dim'],
  ];
};

const waveLine = (wave: Wave, several: boolean, zones: number, { width }: FrameOptions): Line => [
  [`    ${padded(placeOf(wave, several), zones)}  `],
  ...stateCell(wave.status),
  ...progress(wave.nodes, width - 4 - zones - 2 - STATE_WIDTH),
];

/** What the cycle waits for and until when, what a person can do about it, and what it has to say. */
const footOf = (cycle: Cycle, options: FrameOptions): readonly Line[] => {
  const { waitingFor, message } = cycle;
  const said = (message ? wrapped(message, options.width) : []).map((line): Line => [[line]]);
  const soaking =
    waitingFor === null ? cycle.stages.filter(({ status, soakUntil }) => status === 'soaking' && soakUntil) : [];
  const tails = cycle.stages.flatMap(({ name, tail }) => (tail?.endedAt === null ? [{ name, nodes: tail.nodes }] : []));
  const lines = [
    ...(waitingFor ? waitingLines(cycle, waitingFor, options) : []),
    ...tails.map(
      ({ name, nodes }): Line => [[`${counted(nodes, 'node')} of ${name} go on in their next windows`, 'cyan']],
    ),
    ...soaking.map(({ name, soakUntil }): Line => [[`${name} soaks ${untilText(soakUntil, options.clock)}`, 'cyan']]),
    ...said,
  ];
  return lines.length === 0 ? [] : [BLANK, ...lines];
};

const waitingLines = (
  { id }: Cycle,
  { kind, stage, until, manifest, message }: NonNullable<Cycle['waitingFor']>,
  { clock, width }: FrameOptions,
): readonly Line[] => [
  [
    [
      `Waits for ${kind === 'aws' ? 'AWS' : kind}${stage === null ? '' : ` of ${stage}`}`,
      kind === 'soak' || kind === 'window' ? 'cyan' : 'yellow',
    ],
    [until === null ? '' : `  ${untilText(until, clock)}`],
  ],
  ...(kind === 'approval' ? [] : wrapped(message, width - 2).map((line): Line => [[`  ${line}`, 'dim']])),
  ...(kind === 'approval' && manifest
    ? ([
        [[`  manifest ${short(manifest)}…`, 'dim']],
        [['  patchtide approve '], [`${id}${stage ? ` ${stage}` : ''}`], [' --reason "…"']],
      ] satisfies Line[])
    : []),
];
