/** Snapshots that are past their retention, and the mark of this installation that they are known by. */
export const snapshots = `
create table installation (id text primary key);
insert into installation (id) values (gen_random_uuid()::text);
create table expired_snapshots (
  snapshot text primary key,
  account text not null,
  region text not null,
  cycle text not null,
  stage text not null,
  node text not null,
  volume text not null,
  gib integer not null,
  taken_at timestamptz not null,
  due_at timestamptz not null,
  expired_at timestamptz not null,
  deleted_at timestamptz
);
create index expired_snapshots_of_node on expired_snapshots (cycle, stage, node);
`;
