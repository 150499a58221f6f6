import type { Column } from './table.js';

/** What manifests and previews say of a wave, but for its nodes and batches, which each counts in its own way. */
interface Wave {
  readonly account: string;
  readonly region: string;
  readonly zone: string;
  readonly zoneName: string | null;
  readonly window: string;
  readonly maxUnavailable: number;
}

export const WAVE_COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT' },
  { title: 'REGION' },
  { title: 'ZONE' },
  { title: 'WINDOW', givesWay: true },
  { title: 'NODES', numbers: true },
  { title: 'AT ONCE', numbers: true },
];

export const waveCells = (wave: Wave, nodes: number): readonly string[] => [
  wave.account,
  wave.region,
  wave.zoneName ?? wave.zone,
  wave.window,
  String(nodes),
  String(wave.maxUnavailable),
];
