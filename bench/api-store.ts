import pg from 'pg';

/** How many finished cycles the store holds, and how large each is. */
export const FILLING = { cycles: 5_000, plans: 100, stages: 3, wavesPerStage: 4, nodesPerStage: 20 } as const;

const { cycles, plans, stages, wavesPerStage, nodesPerStage } = FILLING;

/** Cycles that have ended, `plans` in turn, one every quarter of an hour, with their stages, waves and nodes. */
const STATEMENTS = [
  `insert into cycles (id, plan, number, plan_version, mode, status, message, requested_by, reason, reference,
     idempotency_key, workflow_id, started_at, ended_at)
   select format('filler-%s-%s', n % ${plans}, n / ${plans} + 1), format('filler-%s', n % ${plans}), n / ${plans} + 1, 1,
     'standard', case when n % 7 = 0 then 'completed-with-failures' else 'completed' end, null, 'operator',
     'the monthly patches', format('CHG-%s', n), format('filler/%s', n),
     format('patch-cycle/filler-%s/%s', n % ${plans}, n / ${plans} + 1),
     now() - (${cycles} - n) * interval '15 minutes', now() - (${cycles} - n) * interval '15 minutes' + interval '3 days'
   from generate_series(0, ${cycles} - 1) n`,
  `insert into cycle_stages (cycle, name, position, status, manifest, patch_set, proven, decisions)
   select c.id, (array['dev', 'test', 'prod'])[s], s - 1, 'completed', 'sha256:' || md5(c.id || s) || md5(c.id),
     'sha256:' || md5(c.id) || md5(c.id || s), null, '[]'
   from cycles c, generate_series(1, ${stages}) s where c.plan like 'filler-%'`,
  `insert into cycle_waves (cycle, stage, number, "window", opens, closes, cutoff, account, region, zone, zone_name, nodes, status)
   select s.cycle, s.name, w, 'prod-a', c.started_at, c.ended_at, c.ended_at, '111122223333',
     (array['eu-west-1', 'us-east-1'])[w % 2 + 1], format('zone-%s', w), null, ${nodesPerStage / wavesPerStage}, 'completed'
   from cycle_stages s join cycles c on c.id = s.cycle, generate_series(1, ${wavesPerStage}) w where c.plan like 'filler-%'`,
  `insert into cycle_nodes (cycle, stage, node, name, account, region, os, wave, batch, step, touched, outcome, reason)
   select s.cycle, s.name, 'i-0' || lpad(to_hex(n), 16, '0'), format('web-%s', n), '111122223333', 'eu-west-1',
     'amazon-linux', n % ${wavesPerStage} + 1, 1, 'record', true,
     case when n % 10 = 0 then 'already-compliant' else 'patched' end, 'Installed 3 patches.'
   from cycle_stages s, generate_series(1, ${nodesPerStage}) n where s.cycle like 'filler-%'`,
];

/**
 * Fills the store with what years of cycles leave behind, and writes `startable` copies of the plan `bench` (already in
 * the store) under names of their own, since a plan has one running cycle at a time.
 */
export async function fillStore(databaseUrl: string, startable: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of STATEMENTS) await client.query(statement);
    await client.query(
      `insert into documents (kind, name, version, newest, deleted, written, resolved, digest, by)
       select d.kind, format('bench-%s', n), 1, true, false, d.written, d.resolved, d.digest, d.by
       from documents d, generate_series(0, $1::integer - 1) n where d.kind = 'plan' and d.name = 'bench' and d.newest`,
      [startable],
    );
    await client.query('analyze');
  } finally {
    await client.end();
  }
}
