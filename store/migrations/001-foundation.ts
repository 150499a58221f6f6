/** Documents, cycles and their projections, operations, inventory, scans, audit. */
export const foundation = `
create table documents (
  kind text not null,
  name text not null,
  version integer not null,
  newest boolean not null,
  deleted boolean not null,
  written jsonb,
  resolved jsonb,
  digest text not null,
  by text not null,
  at timestamptz not null default now(),
  primary key (kind, name, version)
);
create unique index documents_newest on documents (kind, name) where newest;
create unique index documents_account_id on documents ((resolved->>'id'))
  where kind = 'account' and newest and not deleted;

create table manifests (
  digest text primary key,
  cycle text not null,
  stage text not null,
  body jsonb not null,
  at timestamptz not null default now()
);
create index manifests_cycle on manifests (cycle, stage);

create table selections (
  digest text primary key,
  cycle text,
  body jsonb not null,
  at timestamptz not null default now()
);

create table patch_sets (
  digest text not null,
  cycle text not null,
  stage text not null,
  patches jsonb not null,
  harvested_at timestamptz not null default now(),
  primary key (digest, cycle, stage)
);
create index patch_sets_cycle on patch_sets (cycle, stage);

create table cycles (
  id text primary key,
  plan text not null,
  number integer not null,
  plan_version integer not null,
  mode text not null,
  status text not null,
  waiting_for jsonb,
  message text,
  requested_by text not null,
  reason text not null,
  reference text,
  idempotency_key text not null,
  workflow_id text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  unique (plan, number),
  unique (plan, idempotency_key)
);
create unique index cycles_one_running on cycles (plan) where mode = 'standard' and status in ('running', 'paused');
create index cycles_started on cycles (started_at desc, id desc);

create table cycle_stages (
  cycle text not null references cycles (id),
  name text not null,
  position integer not null,
  status text not null,
  manifest text,
  patch_set text,
  proven text,
  decisions jsonb not null default '[]',
  soak_until timestamptz,
  message text,
  planned_for text,
  primary key (cycle, name)
);

create table cycle_waves (
  cycle text not null,
  stage text not null,
  number integer not null,
  "window" text not null,
  opens timestamptz not null,
  closes timestamptz,
  cutoff timestamptz,
  account text not null,
  region text not null,
  zone text not null,
  zone_name text,
  nodes integer not null,
  status text not null,
  primary key (cycle, stage, number)
);

create table cycle_nodes (
  cycle text not null,
  stage text not null,
  node text not null,
  name text not null,
  account text not null,
  region text not null,
  os text,
  wave integer not null,
  batch integer not null,
  step text,
  touched boolean not null default false,
  problem jsonb,
  outcome text,
  reason text,
  surplus jsonb not null default '[]',
  absent jsonb not null default '[]',
  before jsonb,
  brought jsonb,
  primary key (cycle, stage, node)
);
create index cycle_nodes_batch on cycle_nodes (cycle, stage, wave, batch);
create index cycle_nodes_in_flight on cycle_nodes (cycle) where touched and outcome is null;

create table rollbacks (
  cycle text not null references cycles (id),
  number integer not null,
  key text not null,
  scope jsonb not null,
  by text not null,
  reason text not null,
  status text not null,
  message text,
  began_at timestamptz not null,
  ended_at timestamptz,
  primary key (cycle, number),
  unique (cycle, key)
);
create unique index rollbacks_one_running on rollbacks (cycle) where status = 'running';

create table rollback_nodes (
  cycle text not null,
  number integer not null,
  stage text not null,
  node text not null,
  account text not null,
  region text not null,
  wave integer not null,
  batch integer not null,
  zone_name text,
  snapshot text,
  data jsonb not null default '[]',
  outcome text,
  reason text,
  lost boolean not null default false,
  detached boolean not null default false,
  primary key (cycle, number, stage, node)
);
create index rollback_nodes_node on rollback_nodes (cycle, stage, node);

create table halts (
  number integer primary key,
  by text not null,
  reason text not null,
  at timestamptz not null,
  lifted_at timestamptz
);
create unique index halts_one_standing on halts ((true)) where lifted_at is null;

create table operations (
  key text primary key,
  run text not null,
  cycle text,
  stage text,
  account text not null,
  region text not null,
  kind text not null,
  batch integer not null,
  step text not null,
  nodes jsonb not null,
  status text not null,
  external_ids jsonb not null default '[]',
  intended_at timestamptz not null,
  sent_at timestamptz,
  attempt integer not null default 1,
  timeout integer not null,
  deadline timestamptz,
  failure_is_problem boolean not null,
  ended_at timestamptz,
  ended_by_watch integer,
  results jsonb not null default '[]'
);
create index operations_run on operations (run) where status <> 'ended';
create index operations_watch on operations (run, ended_by_watch);
create index operations_cycle on operations (cycle, stage);

create table node_leases (
  node text primary key,
  owner text not null,
  cycle text not null,
  stage text not null,
  wave integer not null,
  batch integer not null,
  at timestamptz not null default now()
);
create index node_leases_batch on node_leases (cycle, stage, wave, batch);
create index node_leases_owner on node_leases (owner);

create table node_steps (
  cycle text not null,
  stage text not null,
  node text not null,
  step text not null,
  status text not null,
  detail text,
  output_url text,
  operation text,
  began_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (cycle, stage, node, step)
);

create table inventory (
  node text primary key,
  kind text not null,
  account text not null,
  region text not null,
  zone text not null,
  zone_name text,
  name text not null,
  os text,
  os_version text,
  state text not null,
  ping text not null,
  agent_version text,
  patch_group text,
  "window" text,
  auto_scaling_group text,
  environment text,
  application text,
  tags jsonb not null,
  missed_at timestamptz,
  found_at timestamptz not null,
  gone_at timestamptz
);
create index inventory_location on inventory (account, region);

create table node_scans (
  node text primary key,
  account text not null,
  region text not null,
  status text not null,
  state jsonb not null,
  patches jsonb,
  ended_at timestamptz not null,
  scanned_at timestamptz not null
);

create table patch_first_seen (
  os text not null,
  patch text not null,
  first_seen timestamptz not null,
  primary key (os, patch)
);

create table cycle_events (
  seq bigserial primary key,
  cycle text not null,
  kind text not null,
  body jsonb not null,
  at timestamptz not null default now()
);
create index cycle_events_cycle on cycle_events (cycle, seq);

create table idempotency (
  identity text not null,
  key text not null,
  request_digest text not null,
  response jsonb,
  at timestamptz not null default now(),
  primary key (identity, key)
);

create table audit (
  seq bigserial primary key,
  key text not null unique,
  at timestamptz not null,
  who text not null,
  action text not null,
  subject text not null,
  result text not null,
  reason text not null
);
create index audit_subject on audit (subject, seq);
`;
