import type { CycleRequest } from '../domain/cycle.js';
import type { NodeId, StageName } from '../domain/ids.js';
import { announce } from './deliver-webhook.js';

/** Tells the outside, once for a batch, whom it had to set aside; and who has no root volume any more. */
export async function announceSetAside(
  {
    request,
    stage,
    wave,
  }: { readonly request: CycleRequest; readonly stage: StageName; readonly wave: { readonly number: number } },
  batch: number,
  { setAside, detached }: { readonly setAside: readonly NodeId[]; readonly detached: readonly NodeId[] },
): Promise<void> {
  const mark = `w${wave.number}-b${batch}`;
  const about = (message: string) => ({ stage, manifest: null, until: null, message });
  const are = (nodes: readonly NodeId[], one: string, more: string) =>
    `${nodes.join(', ')} ${nodes.length === 1 ? one : more}`;
  await announce(
    'nodes-set-aside',
    request,
    about(
      `${are(setAside, 'was', 'were')} set aside: not back after the install, nor by what was tried since. Later cycles leave ${setAside.length === 1 ? 'it' : 'them'} alone until somebody readmits ${setAside.length === 1 ? 'it' : 'them'}.`,
    ),
    mark,
  );
  if (detached.length === 0) return;
  await announce(
    'node-without-root-volume',
    request,
    about(
      `${are(detached, 'has', 'have')} no root volume: EC2 took the old one off and could not attach another. Attach a root volume by hand.`,
    ),
    mark,
  );
}
