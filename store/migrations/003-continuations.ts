/** Stages that go on with nodes that were not reached, or that failed. */
export const continuations = `
create table continuations (
  cycle text not null,
  stage text not null,
  round integer not null,
  manifest text not null,
  primary key (cycle, stage, round)
);
alter table cycle_nodes add column earlier jsonb;
`;
