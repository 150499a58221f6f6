import { byLocation } from '../domain/by-location.js';
import { concerned, continuation } from '../domain/continuation.js';
import type { CycleId, Digest, Instant, StageName } from '../domain/ids.js';
import type { Continues, Manifest, WaveSummary } from '../domain/manifest.js';
import { talkingToAws } from './failures.js';
import { sideBySide } from './locations.js';
import type { Fleet, Records } from './ports.js';

export interface ContinueRequest {
  readonly cycle: CycleId;
  readonly stage: StageName;
  /** The approved manifest. */
  readonly manifest: Digest;
  readonly of: Continues['of'];
  /** Of which waves the nodes are that are carried over; empty for those that failed. */
  readonly waves: readonly number[];
  /** From 1 in each stage: the same round is the same continuation. */
  readonly round: number;
  readonly firstWave: number;
  /** The workflow's clock, so that windows are the same on every retry. */
  readonly now: Instant;
}

/** How a stage goes on; without waves there is nothing to go on with. */
export interface ContinuedStage {
  readonly manifest: Digest;
  readonly waves: readonly WaveSummary[];
}

interface Ports {
  readonly fleet: Fleet;
  readonly records: Records;
}

/**
 * Writes the manifest with which a stage goes on with nodes that were not reached in their window, or that failed, under the
 * approval that it has. Whether they still exist and are still the plan's is looked at again; nothing is ever added.
 */
export async function continueStage(
  request: ContinueRequest,
  { fleet, records }: Ports,
  summaries: (manifest: Manifest) => Promise<readonly WaveSummary[]>,
): Promise<ContinuedStage> {
  const { cycle, stage, round } = request;
  const answer = async (digest: Digest): Promise<ContinuedStage> => ({
    manifest: digest,
    waves: (await summaries(await records.manifest(digest))).map((wave) => ({ ...wave, continues: true })),
  });
  const before = await records.continuation(cycle, stage, round);
  if (before !== null) return answer(before);
  return talkingToAws(async (signal) => {
    const approved = await records.manifest(request.manifest);
    const plan = await records.plan(approved.plan.name, approved.plan.version);
    if (!plan) throw new Error(`There is no plan ${approved.plan.name} in version ${approved.plan.version}.`);
    const progress = await records.stageNodes(cycle, stage);
    const nodes = concerned(progress, request.of, request.waves);
    const wanted = new Set(nodes);
    const places = byLocation(progress.filter(({ node }) => wanted.has(node)));
    const found = await sideBySide(places, ({ at, members }) =>
      fleet.describeNodes(
        at,
        members.map(({ node }) => node),
        signal,
      ),
    );
    const manifest = continuation({
      ...request,
      approved,
      nodes,
      found: found.flat(),
      tags: plan.nodes.tags,
      windows: await records.windows(),
      setAside: await records.setAsideAmong(nodes),
    });
    return answer(await records.continueNodes(manifest));
  });
}
