import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlantedBug } from './bugs.js';

/** Plants a bug in a tree; what is returned takes it out again. */
export function plant(
  tree: string,
  { file, find, replace }: Pick<PlantedBug, 'file' | 'find' | 'replace'>,
): () => void {
  const path = join(tree, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, withBug(source, { file, find, replace }));
  return () => writeFileSync(path, source);
}

/** @throws Error where the place is not there, or not the only one: the code has changed since the bug was thought of */
export function withBug(
  source: string,
  { file, find, replace }: Pick<PlantedBug, 'file' | 'find' | 'replace'>,
): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} holds ${places} times, and not once: ${find}`);
  return source.replace(find, () => replace);
}
