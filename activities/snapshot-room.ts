import type { Location, NodeId } from '../domain/ids.js';
import type { Manifest, Wave } from '../domain/manifest.js';
import type { Engine, Fleet, Operation, Records } from './ports.js';

/** What a batch may snapshot now: all of its nodes, some of them, or none, since others have the room. */
export type Room =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'none'; readonly heldBy: readonly string[] };

/**
 * Room for pending snapshots: AWS has so many of them at a time in an account and Region, over all cycles. A batch that needs no
 * more than the quota takes room for all of its volumes, or none. A larger one takes what there is, snapshots as many nodes
 * as fit, and goes on as these complete. One node with more volumes than the quota waits until nobody else has any.
 *
 * Room is given back when the watch sees the snapshots end. What somebody has left behind is found when it is missing: by the
 * end of their workflow, or of their operation, and by what AWS then says is pending, never by a clock.
 */
export class SnapshotRoom {
  private readonly fleet: Fleet;
  private readonly records: Records;
  private readonly engine: Engine;
  private readonly volumes = new WeakMap<Wave, Promise<ReadonlyMap<NodeId, number>>>();

  constructor({
    fleet,
    records,
    engine,
  }: { readonly fleet: Fleet; readonly records: Records; readonly engine: Engine }) {
    this.fleet = fleet;
    this.records = records;
    this.engine = engine;
  }

  /** Taking again what was not sent yet is taking once. `begun` is the operation where it was intended before. */
  async take(
    request: { readonly key: string; readonly owner: string; readonly at: Location; readonly nodes: readonly NodeId[] },
    { manifest, wave }: { readonly manifest: Manifest; readonly wave: Wave },
    begun: Operation | null,
    signal: AbortSignal,
  ): Promise<Room> {
    const { key, owner, at, nodes } = request;
    const counts = await this.volumesOf(manifest, wave, at, signal);
    const sizeOf = (node: NodeId) => counts.get(node) ?? 1;
    const found = begun === null ? [] : await this.fleet.findSnapshots(at, key, signal);
    const have = new Set(found.filter((snapshot) => snapshot.key === key).map(({ node }) => node));
    const lacking = nodes.filter((node) => !have.has(node));
    const pending = found.filter((snapshot) => snapshot.key === key && snapshot.status === 'pending').length;
    const [next] = lacking;
    if (next === undefined) return { kind: 'all' };
    const wanted = pending + lacking.reduce((sum, node) => sum + sizeOf(node), 0);
    const asked = { ...at, key, owner, wanted, pending, least: pending + sizeOf(next) };
    const { granted, holders } = await this.takeOrTidy(asked, at, signal);
    if (granted >= wanted) return { kind: 'all' };
    if (granted < asked.least) return { kind: 'none', heldBy: holders.length > 0 ? holders : [owner] };
    let used = pending;
    const fits = lacking.filter((node) => {
      if (used + sizeOf(node) > granted) return false;
      used += sizeOf(node);
      return true;
    });
    return { kind: 'some', nodes: fits };
  }

  private async takeOrTidy(
    asked: Parameters<Records['takeSnapshotRoom']>[0],
    at: Location,
    signal: AbortSignal,
  ): Promise<{ granted: number; holders: readonly string[] }> {
    const first = await this.records.takeSnapshotRoom(asked);
    if (first.granted >= asked.least) return { ...first, holders: [] };
    let tidied = false;
    for (const { key, owner, ended } of first.holders) {
      if (!ended && !(await this.engine.hasEnded(owner))) continue;
      const left = (await this.fleet.findSnapshots(at, key, signal)).filter(
        (snapshot) => snapshot.key === key && snapshot.status === 'pending',
      );
      await this.records.giveBackSnapshotRoom(key, left.length);
      tidied = true;
    }
    const last = tidied ? await this.records.takeSnapshotRoom(asked) : first;
    return { granted: last.granted, holders: [...new Set(last.holders.map(({ owner }) => owner))] };
  }

  /** How many volumes the nodes of a wave have: asked once for each wave that a worker has a manifest of at hand. */
  private volumesOf(
    manifest: Manifest,
    wave: Wave,
    at: Location,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<NodeId, number>> {
    const known = this.volumes.get(wave);
    if (known) return known;
    const instances = new Set(manifest.targets.filter(({ kind }) => kind === 'ec2').map(({ node }) => node));
    const nodes = wave.batches.flatMap((batch) => batch.nodes).filter((node) => instances.has(node));
    const asked = this.fleet
      .instanceVolumes(at, nodes, signal)
      .then((found) => new Map(found.map(({ node, root, data }) => [node, (root ? 1 : 0) + data.length] as const)));
    this.volumes.set(wave, asked);
    asked.catch(() => this.volumes.delete(wave));
    return asked;
  }
}
