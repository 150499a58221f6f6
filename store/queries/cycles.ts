import { type Kysely, type Selectable, sql } from 'kysely';
import type { CycleStatus, Decision, Outcome, StageStatus, WaitingFor, WaveStatus } from '../../domain/cycle.js';
import type {
  AccountId,
  CycleId,
  Digest,
  Instant,
  Location,
  PlanName,
  Region,
  StageName,
  ZoneId,
} from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { type NodeCounts, sumCounts } from './counts.js';
import { pageOf } from './page.js';

/** A cycle as lists show it. */
export interface CycleSummary {
  readonly id: CycleId;
  readonly plan: PlanName;
  readonly number: number;
  readonly planVersion: number;
  readonly mode: 'standard';
  readonly status: CycleStatus;
  readonly waitingFor: WaitingFor | null;
  readonly message: string | null;
  readonly requestedBy: string;
  readonly reason: string;
  readonly reference: string | null;
  readonly workflowId: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
}

/** One cycle with its stages, windows, locations and waves; nodes are counted in the database. */
export interface CycleView extends CycleSummary {
  readonly stages: readonly StageView[];
  /** Over all stages. */
  readonly nodes: NodeCounts;
}
export interface StageView {
  readonly name: StageName;
  readonly status: StageStatus;
  readonly manifest: Digest | null;
  /** What the stage before proved: the most that this one gets; null in the first stage, and before it is prepared. */
  readonly patchSet: Digest | null;
  /** What this stage proved; null until it has soaked, and in the last stage. */
  readonly proven: Digest | null;
  readonly decisions: readonly Decision[];
  readonly soakUntil: Instant | null;
  readonly message: string | null;
  /** Nodes without which the stage was done, and that went on by themselves; null where it has had all of them. */
  readonly tail: { readonly nodes: number; readonly since: Instant; readonly endedAt: Instant | null } | null;
  /** In the order in which they open. */
  readonly windows: readonly { readonly name: string; readonly opens: Instant; readonly closes: Instant | null }[];
  readonly locations: readonly (Location & { readonly waves: readonly WaveView[] })[];
  /** All nodes of the stage, those left out included. */
  readonly nodes: NodeCounts;
}
export interface WaveView {
  readonly number: number;
  readonly window: string;
  readonly zone: ZoneId;
  readonly zoneName: string | null;
  readonly status: WaveStatus;
  readonly nodes: NodeCounts;
}

/** Where a page of cycles goes on: after this one, the newest first. */
export interface CyclePosition {
  readonly startedAt: Instant;
  readonly id: CycleId;
}

/** Something that has changed on a cycle. `seq` rises in the order of commits. */
export interface CycleEvent {
  readonly seq: number;
  /** `cycle`, `stage`, `wave`, `nodes` (counts by outcome of one stage), or `rollback`. */
  readonly kind: string;
  readonly body: unknown;
  readonly at: Instant;
}

export interface CycleQueries {
  /** The newest first. `next` is null on the last page. */
  cycles(query: {
    readonly plan?: PlanName;
    readonly status?: CycleStatus;
    readonly after?: CyclePosition;
    readonly limit: number;
  }): Promise<{ items: CycleSummary[]; next: CyclePosition | null }>;
  /** Null when there is no such cycle. */
  cycleView(id: CycleId): Promise<CycleView | null>;
  /** What has changed after the event `seq` (0: from the beginning), in order. */
  changesSince(id: CycleId, seq: number, limit?: number): Promise<CycleEvent[]>;
}

const EVENTS_AT_ONCE = 500;

export const cycleQueries = (db: Kysely<Database>): CycleQueries => ({
  cycles: async ({ plan, status, after, limit }) => {
    let query = db.selectFrom('cycles').selectAll().orderBy('started_at', 'desc').orderBy('id', 'desc');
    if (plan !== undefined) query = query.where('plan', '=', plan);
    if (status !== undefined) query = query.where('status', '=', status);
    if (after !== undefined)
      query = query.where(sql<boolean>`(started_at, id) < (${after.startedAt}::timestamptz, ${after.id})`);
    const { items, next } = pageOf(await query.limit(limit + 1).execute(), limit, ({ started_at: startedAt, id }) => ({
      startedAt,
      id,
    }));
    return { items: items.map(summaryOf), next };
  },

  cycleView: async (id) => {
    const cycle = await db.selectFrom('cycles').selectAll().where('id', '=', id).executeTakeFirst();
    if (!cycle) return null;
    const stages = await db
      .selectFrom('cycle_stages')
      .selectAll()
      .where('cycle', '=', id)
      .orderBy('position')
      .execute();
    const waves = await db
      .selectFrom('cycle_waves')
      .selectAll()
      .where('cycle', '=', id)
      .orderBy('opens')
      .orderBy('number')
      .execute();
    const counts = await db
      .selectFrom('cycle_nodes')
      .select(['stage', 'wave', 'outcome', sql<number>`count(*)::integer`.as('counted')])
      .where('cycle', '=', id)
      .groupBy(['stage', 'wave', 'outcome'])
      .execute();
    const tails = await db.selectFrom('tails').selectAll().where('cycle', '=', id).execute();
    return {
      ...summaryOf(cycle),
      stages: stages.map((stage) =>
        stageView(
          stage,
          tails.find((tail) => tail.stage === stage.name),
          waves.filter((wave) => wave.stage === stage.name),
          counts.filter((count) => count.stage === stage.name),
        ),
      ),
      nodes: sumCounts(counts),
    };
  },

  changesSince: (id, seq, limit = EVENTS_AT_ONCE) =>
    db
      .selectFrom('cycle_events')
      .select(['seq', 'kind', 'body', 'at'])
      .where('cycle', '=', id)
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(limit)
      .execute(),
});

interface Count {
  readonly stage: StageName;
  readonly wave: number;
  readonly outcome: Outcome | null;
  readonly counted: number;
}

const stageView = (
  stage: Selectable<Database['cycle_stages']>,
  tail: Selectable<Database['tails']> | undefined,
  waves: readonly Selectable<Database['cycle_waves']>[],
  counts: readonly Count[],
): StageView => {
  const windows = new Map(
    waves.map(({ window, opens, closes }) => [`${window}@${opens}`, { name: window, opens, closes }]),
  );
  const locations = new Map<string, { account: AccountId; region: Region; waves: WaveView[] }>();
  for (const wave of waves) {
    const { account, region } = wave;
    const location = locations.get(`${account}/${region}`) ?? { account, region, waves: [] };
    locations.set(`${account}/${region}`, location);
    location.waves.push({
      number: wave.number,
      window: wave.window,
      zone: wave.zone,
      zoneName: wave.zone_name,
      status: wave.status,
      nodes: sumCounts(counts.filter((count) => count.wave === wave.number)),
    });
  }
  return {
    name: stage.name,
    status: stage.status,
    manifest: stage.manifest,
    patchSet: stage.patch_set,
    proven: stage.proven,
    decisions: stage.decisions,
    soakUntil: stage.soak_until,
    message: stage.message,
    tail: tail ? { nodes: tail.nodes, since: tail.since, endedAt: tail.ended_at } : null,
    windows: [...windows.values()],
    locations: [...locations.values()],
    nodes: sumCounts(counts),
  };
};

const summaryOf = (row: Selectable<Database['cycles']>): CycleSummary => ({
  id: row.id,
  plan: row.plan,
  number: row.number,
  planVersion: row.plan_version,
  mode: row.mode,
  status: row.status,
  waitingFor: row.waiting_for,
  message: row.message,
  requestedBy: row.requested_by,
  reason: row.reason,
  reference: row.reference,
  workflowId: row.workflow_id,
  startedAt: row.started_at,
  endedAt: row.ended_at,
});
