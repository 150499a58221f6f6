import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { NodeScan, Records } from '../../activities/ports.js';
import type { PinnedPatch } from '../../domain/fleet.js';
import { complianceOf, type ManagedNode } from '../../domain/fleet.js';
import type { Instant } from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { anyOf, json } from '../sql.js';

type FleetRecords = Pick<
  Records,
  'saveScans' | 'scan' | 'scans' | 'nodesInFlight' | 'saveInventory' | 'foundNodes' | 'fleetScanned' | 'firstSeen'
>;

/** How a patch is named in what `firstSeen` answers: its id and its title, which has the version. */
export const patchKey = ({ id, title }: PinnedPatch): string => `${id} ${title}`;

/** What is known of the fleet: inventory, last scans, when patches were first seen. */
export const fleetRecords = (db: Kysely<Database>): FleetRecords => ({
  saveScans: async (scans, scannedAt) => {
    const rows = scans.map(({ at, state, patches }) => ({
      node: state.node,
      account: at.account,
      region: at.region,
      status: complianceOf(state),
      state,
      patches,
      ended_at: state.endedAt,
    }));
    // Counts alone keep the patches that were read for the same scan; an older scan never replaces a newer one.
    await sql`
      insert into node_scans (node, account, region, status, state, patches, ended_at, scanned_at)
      select distinct on (node) node, account, region, status, state, nullif(patches, 'null'), ended_at, ${scannedAt}
      from jsonb_to_recordset(${json(rows)}) as scan (node text, account text, region text, status text, state jsonb,
        patches jsonb, ended_at timestamptz)
      order by node, ended_at desc
      on conflict (node) do update set account = excluded.account, region = excluded.region, status = excluded.status,
        state = excluded.state, ended_at = excluded.ended_at, scanned_at = excluded.scanned_at,
        patches = coalesce(excluded.patches,
          case when node_scans.ended_at = excluded.ended_at then node_scans.patches end)
      where node_scans.ended_at <= excluded.ended_at`.execute(db);
  },
  scan: async (node) => {
    const row = await db.selectFrom('node_scans').selectAll().where('node', '=', node).executeTakeFirst();
    return row ? scanOf(row) : null;
  },
  scans: async (nodes, since) => {
    const all = db.selectFrom('node_scans').selectAll().where(anyOf('node', nodes)).orderBy('node');
    const rows = await (since === undefined ? all : all.where('scanned_at', '>=', since)).execute();
    return rows.map(scanOf);
  },

  nodesInFlight: async () => {
    const rows = await db
      .selectFrom('cycle_nodes as node')
      .innerJoin('cycles as cycle', 'cycle.id', 'node.cycle')
      .select('node.node')
      .distinct()
      .where('node.touched', '=', true)
      .where('node.outcome', 'is', null)
      .leftJoin('tails as tail', (join) =>
        join
          .onRef('tail.cycle', '=', 'node.cycle')
          .onRef('tail.stage', '=', 'node.stage')
          .on('tail.ended_at', 'is', null),
      )
      // A cycle that was terminated leaves nodes without an outcome behind; one that has ended may have a tail at work.
      .where((where) =>
        where.or([where('cycle.status', 'in', ['running', 'paused']), where('tail.cycle', 'is not', null)]),
      )
      .execute();
    return rows.map(({ node }) => node);
  },

  saveInventory: (at, nodes, foundAt) =>
    db.transaction().execute(async (trx) => {
      await upsertNodes(trx, nodes, foundAt);
      await sql`
        update inventory set gone_at = ${foundAt}
        where account = ${at.account} and region = ${at.region} and gone_at is null and found_at < ${foundAt}
          and node <> all(${nodes.map(({ id }) => id)}::text[])`.execute(trx);
    }),
  foundNodes: async (nodes, foundAt) => {
    await upsertNodes(db, nodes, foundAt);
  },
  fleetScanned: async (locations, since, at) => {
    const places = locations?.map(({ account, region }) => `${account}/${region}`) ?? null;
    await sql`
      update inventory as node set missed_at = ${at}
      where (${places}::text[] is null or node.account || '/' || node.region = any(${places}::text[]))
        and not exists (select from node_scans as scan where scan.node = node.node and scan.scanned_at >= ${since})
        and not exists (select from cycle_nodes as busy join cycles as cycle on cycle.id = busy.cycle
          where busy.node = node.node and busy.touched and busy.outcome is null
            and cycle.status in ('running', 'paused'))`.execute(db);
  },

  firstSeen: async (os, patches, now) => {
    const keys = [...new Set(patches.map(patchKey))];
    await sql`
      insert into patch_first_seen (os, patch, first_seen)
      select ${os}, patch, ${now} from unnest(${keys}::text[]) as patch
      on conflict do nothing`.execute(db);
    const rows = await db
      .selectFrom('patch_first_seen')
      .select(['patch', 'first_seen'])
      .where('os', '=', os)
      .where(anyOf('patch', keys))
      .execute();
    return new Map<string, Instant>(rows.map((row) => [row.patch, row.first_seen]));
  },
});

const upsertNodes = (db: Kysely<Database> | Transaction<Database>, nodes: readonly ManagedNode[], foundAt: Instant) =>
  sql`
        insert into inventory (node, kind, account, region, zone, zone_name, name, os, os_version, state, ping,
          agent_version, patch_group, "window", auto_scaling_group, environment, application, tags, found_at)
        select id, kind, account, region, zone, "zoneName", name, os, "osVersion", state, ping, "agentVersion",
          "patchGroup", "window", "autoScalingGroup", tags->>'Environment', tags->>'Application', tags, ${foundAt}
        from jsonb_to_recordset(${json(nodes)}) as node (id text, kind text, account text, region text, zone text,
          "zoneName" text, name text, os text, "osVersion" text, state text, ping text, "agentVersion" text,
          "patchGroup" text, "window" text, "autoScalingGroup" text, tags jsonb)
        on conflict (node) do update set kind = excluded.kind, account = excluded.account, region = excluded.region,
          zone = excluded.zone, zone_name = excluded.zone_name, name = excluded.name, os = excluded.os,
          os_version = excluded.os_version, state = excluded.state, ping = excluded.ping,
          agent_version = excluded.agent_version, patch_group = excluded.patch_group, "window" = excluded."window",
          auto_scaling_group = excluded.auto_scaling_group, environment = excluded.environment,
          application = excluded.application, tags = excluded.tags, found_at = excluded.found_at, gone_at = null
        where greatest(inventory.found_at, inventory.gone_at) <= excluded.found_at`.execute(db);

const scanOf = (row: Selectable<Database['node_scans']>): NodeScan => ({
  at: { account: row.account, region: row.region },
  state: row.state,
  patches: row.patches,
});
