/** Who has room for pending snapshots; what is past its retention, and the mark of this installation that it is known by. */
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
create table snapshot_room (
  key text primary key,
  account text not null,
  region text not null,
  owner text not null,
  snapshots integer not null
);
create index snapshot_room_of_location on snapshot_room (account, region);
create index expired_snapshots_of_node on expired_snapshots (cycle, stage, node);
`;
