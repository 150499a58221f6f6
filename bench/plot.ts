import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Result } from './results.js';

const BENCHES = ['a', 'a-rates', 'b', 'c', 'e', 'e-location'];
const FIGURES: Readonly<Record<string, (result: Result['ours']) => number>> = {
  'Temporal actions': ({ perNode }) => perNode.actions,
  'history events': ({ perNode }) => perNode.events,
  'state transitions': ({ perNode }) => perNode.stateTransitions,
  'AWS calls': ({ perNode }) => perNode.awsCalls,
};

/** Draws what a node costs in each bench that has been run, beside the rival, from the results that are kept. */
export async function plot(folder: string): Promise<string> {
  const values = BENCHES.flatMap((bench) => {
    const file = join(folder, `${bench}.json`);
    if (!existsSync(file)) return [];
    const result: Result = JSON.parse(readFileSync(file, 'utf8'));
    return Object.entries(FIGURES).flatMap(([figure, of]) => [
      { bench, figure, design: 'Patchtide', value: of(result.ours) },
      ...(result.plain && result.plain.nodes > 0
        ? [{ bench, figure, design: 'a child workflow per node', value: of(result.plain) }]
        : []),
    ]);
  });
  const specification: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    title: 'What one node costs in one stage (logarithmic)',
    data: { values },
    facet: { field: 'figure', type: 'nominal', title: null, sort: Object.keys(FIGURES) },
    columns: 2,
    spec: {
      width: 300,
      height: 130,
      mark: { type: 'bar' },
      encoding: {
        y: { field: 'bench', type: 'nominal', title: null, sort: BENCHES },
        yOffset: { field: 'design', sort: ['Patchtide', 'a child workflow per node'] },
        x: { field: 'value', type: 'quantitative', scale: { type: 'symlog', constant: 0.1 }, title: 'a node' },
        color: {
          field: 'design',
          type: 'nominal',
          title: null,
          scale: { domain: ['Patchtide', 'a child workflow per node'], range: ['#0a7d6c', '#b9b4a8'] },
          legend: { orient: 'bottom' },
        },
      },
    },
    resolve: { scale: { x: 'independent' } },
    config: { background: 'white', font: 'sans-serif' },
  };
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const file = join(folder, 'costs.svg');
  writeFileSync(file, `${await view.toSVG()}\n`);
  return file;
}
