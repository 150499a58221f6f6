import type { Finding } from '../ledger-check.js';
import { countsOf, mostOf } from './checks.js';
import { ACTS, type Act, type NodeTrack, type Opening, type StageTrack, type ZoneTrack } from './facts.js';
import { BREAK, type Scale, scaleOf } from './scale.js';
import { document, line, polygon, rectangle, text } from './svg.js';

/* A stage over time as an SVG: a row for each node, and for each zone how many are out of service against its budget. */

const WIDTH = 1240;
const LEFT = 210;
const RIGHT = WIDTH - 24;
const TOP = 138;
const ROW = 17;
const BAR = 11;
const HEADING = 30;
const COUNTS = 46;

const INK = '#1f2a30';
const FAINT = '#6b777d';
const WAITING = '#d5e3e6';
const CUTOFF = '#c2571a';
const OVER = '#b3261e';
const COLOURS: Readonly<Record<Act, string>> = {
  snapshot: '#b8b2a4',
  before: '#e3a72f',
  install: '#0a7d6c',
  reboot: '#173f4f',
  scan: '#6d9fd1',
  after: '#9267b3',
};
const WORDS: Readonly<Record<Act, string>> = {
  snapshot: 'snapshot (still in service)',
  before: 'before task',
  install: 'install',
  reboot: 'restart, no agent',
  scan: 'scan',
  after: 'after task',
};

export function draw(track: StageTrack, findings: readonly Finding[]): string {
  const scale = scaleOf(track, LEFT, RIGHT);
  const blocks: string[] = [];
  let y = TOP;
  for (const zone of track.zones) {
    blocks.push(...zoneBlock(zone, track.openings, scale, y));
    y += HEADING + zone.nodes.length * ROW + COUNTS;
  }
  const parts = [
    ...header(track, findings),
    ...windows(track, scale, y),
    ...clock(scale, y),
    ...blocks,
    ...legend(y + 44),
  ];
  return document(WIDTH, y + 66, titleOf(track), parts);
}

const titleOf = ({ stage, cycle }: StageTrack): string =>
  `Stage ${stage} of cycle ${cycle}, as the ledger of the fleet tells it`;

function header(track: StageTrack, findings: readonly Finding[]): string[] {
  const nodes = track.zones.flatMap((zone) => zone.nodes);
  const carried = nodes.filter(({ carriedOver }) => carriedOver).length;
  const day = new Date(track.from).toISOString().slice(0, 10);
  const violations = findings.flatMap((finding) => finding.violations);
  const most = track.zones.map((zone) => `${zone.zone} ${mostOf(zone)} of ${zone.budget}`).join(', ');
  const verdict =
    violations.length === 0
      ? `The budget was never exceeded. Most nodes out of service at once, of those allowed: ${most}.`
      : `Rules were broken: ${violations.slice(0, 2).join('; ')}`;
  return [
    text(24, 32, titleOf(track), {
      'font-size': 18,
      'font-weight': 600,
      fill: INK,
    }),
    text(
      24,
      52,
      `${nodes.length} nodes in ${track.zones.length} zones, ${day} (UTC); ${carried} nodes carried over to the next window.`,
      {
        'font-size': 12.5,
        fill: FAINT,
      },
    ),
    text(24, 70, verdict, { 'font-size': 12.5, fill: violations.length === 0 ? COLOURS.install : OVER }),
  ];
}

function windows({ openings }: StageTrack, scale: Scale, bottom: number): string[] {
  const shown = openings.filter((each) => Number.isFinite(each.to) && each.from <= (scale.stretches.at(-1)?.to ?? 0));
  return shown.flatMap(({ from, cutoff, to }) => {
    const [a, b, c] = [from, cutoff, to].map((time) => scale.at(time)) as [number, number, number];
    const top = TOP - 8;
    return [
      rectangle(a, top, b - a, bottom - top, { fill: '#f1f7f3' }),
      rectangle(b, top, c - b, bottom - top, { fill: '#fcf3ea' }),
      line(a, top, a, bottom, { stroke: '#8fb3a2' }),
      line(b, top, b, bottom, { stroke: CUTOFF, 'stroke-width': 1.4, 'stroke-dasharray': '5 3' }),
      line(c, top, c, bottom, { stroke: '#8fb3a2' }),
      text(a, top - 8, `window opens ${clockTime(from)}`, { fill: '#4b7a65' }),
      text(b, top - 23, `cutoff ${clockTime(cutoff)}`, { fill: CUTOFF, 'font-weight': 600 }),
      text(c, top - 8, `closes ${clockTime(to)}`, { fill: '#4b7a65', 'text-anchor': 'end' }),
    ];
  });
}

/** Ticks along the bottom, and what was cut out. */
function clock(scale: Scale, y: number): string[] {
  const shown = scale.stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const step = STEPS.find((each) => shown / each <= 14) ?? 86_400_000;
  const ticks = scale.stretches.flatMap(({ from, to }) => {
    const first = Math.ceil(from / step) * step;
    return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
  });
  const cuts = scale.stretches.slice(1).map(({ from }, index) => {
    const before = scale.stretches[index]?.to ?? from;
    const x = scale.at(from) - BREAK / 2;
    return [
      line(x, TOP - 8, x, y, { stroke: '#c4cbce', 'stroke-dasharray': '1 4' }),
      text(x, TOP - 16, duration(from - before), { fill: FAINT, 'text-anchor': 'middle', 'font-style': 'italic' }),
    ];
  });
  return [
    ...ticks.flatMap((tick) => [
      line(scale.at(tick), y, scale.at(tick), y + 4, { stroke: FAINT }),
      text(scale.at(tick), y + 15, clockTime(tick), { fill: FAINT, 'text-anchor': 'middle' }),
    ]),
    ...scale.stretches.map(({ from, to }) => line(scale.at(from), y, scale.at(to), y, { stroke: FAINT })),
    ...cuts.flat(),
  ];
}

function zoneBlock(zone: ZoneTrack, openings: readonly Opening[], scale: Scale, top: number): string[] {
  const first = openings.find(({ window }) => window === zone.window);
  const under = top + HEADING + zone.nodes.length * ROW;
  return [
    line(24, top + 2, RIGHT, top + 2, { stroke: '#e2e6e8' }),
    text(24, top + 19, `${zone.region}, ${zone.zone === 'hybrid' ? 'on premises' : zone.zone}`, {
      'font-size': 12.5,
      'font-weight': 600,
      fill: INK,
    }),
    text(
      LEFT + 20,
      top + 19,
      `account ${zone.account}: at most ${zone.budget} of ${zone.nodes.length} out of service`,
      { fill: FAINT },
    ),
    ...zone.nodes.flatMap((node, index) => row(node, first, scale, top + HEADING + index * ROW)),
    ...counts(zone, scale, under),
  ];
}

function row(node: NodeTrack, first: Opening | undefined, scale: Scale, y: number): string[] {
  const bar = (from: number, to: number, fill: string, height = BAR) =>
    rectangle(scale.at(from), y + (BAR - height) / 2, scale.at(to) - scale.at(from), height, { fill });
  const acts = ACTS.flatMap((act) => node.acts.filter((each) => each.act === act));
  const ahead = first ? node.acts.filter(({ from }) => from >= first.to).map(({ from }) => from) : [];
  const here = first ? node.acts.filter(({ to }) => to < first.to).map(({ to }) => to) : [];
  return [
    text(LEFT - 10, y + BAR - 2, node.name, { fill: INK, 'text-anchor': 'end' }),
    ...(node.carriedOver && first && ahead.length > 0
      ? carriedOver(scale.at(Math.max(first.cutoff, ...here)), scale.at(Math.min(...ahead)), y + BAR / 2)
      : []),
    ...node.outOfService.map(({ from, to }) => bar(from, to, WAITING)),
    ...acts.map(({ act, from, to }) => bar(from, to, COLOURS[act], act === 'snapshot' ? 4 : BAR)),
  ];
}

function carriedOver(from: number, to: number, y: number): string[] {
  return [
    line(from + 6, y, to - 8, y, { stroke: CUTOFF, 'stroke-dasharray': '2 3' }),
    polygon(
      [
        [to - 3, y],
        [to - 9, y - 3],
        [to - 9, y + 3],
      ],
      { fill: CUTOFF },
    ),
    rectangle(from + 12, y - 6, 66, 12, { fill: '#fcf3ea' }),
    text(from + 14, y + 3.5, 'carried over', { fill: CUTOFF, 'font-size': 10.5 }),
  ];
}

/** Steps of how many nodes are out of service, under the line of what is allowed. */
function counts(zone: ZoneTrack, scale: Scale, top: number): string[] {
  const base = top + COUNTS - 12;
  const most = Math.max(zone.budget, mostOf(zone));
  const height = (count: number) => (count / most) * (COUNTS - 26);
  const changes = countsOf(zone);
  const steps = changes.flatMap(({ at, count }, index) => {
    const until = changes[index + 1]?.at;
    if (count === 0 || until === undefined) return [];
    const fill = count > zone.budget ? OVER : '#7fb8ae';
    return [rectangle(scale.at(at), base - height(count), scale.at(until) - scale.at(at), height(count), { fill })];
  });
  const allowed = base - height(zone.budget);
  return [
    text(LEFT - 10, base - 2, 'out of service', { fill: FAINT, 'text-anchor': 'end' }),
    ...steps,
    line(LEFT, base, RIGHT, base, { stroke: '#aab4b8' }),
    line(LEFT, allowed, RIGHT, allowed, { stroke: OVER, 'stroke-dasharray': '6 3' }),
    text(LEFT - 10, allowed + 4, `budget ${zone.budget}`, { fill: OVER, 'text-anchor': 'end' }),
  ];
}

function legend(y: number): string[] {
  let x = LEFT;
  const entries = [
    ...ACTS.map((act): [string, string] => [WORDS[act], COLOURS[act]]),
    ['out of service, between two steps', WAITING] as const,
  ];
  return entries.flatMap(([words, fill]) => {
    const at = x;
    x += 28 + words.length * 6;
    return [
      rectangle(at, y - 9, 12, fill === COLOURS.snapshot ? 4 : 10, { fill }),
      text(at + 17, y, words, { fill: INK }),
    ];
  });
}

const STEPS = [5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600].map(
  (seconds) => seconds * 1_000,
);
const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 19).replace(/:00$/, '');

function duration(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1.5) return `${Math.round(milliseconds / 1_000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
