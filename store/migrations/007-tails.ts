/** Nodes of a stage that go on in their next windows although the stage is done. */
export const tails = `
create table tails (
  cycle text not null,
  stage text not null,
  nodes integer not null,
  since timestamptz not null,
  ended_at timestamptz,
  primary key (cycle, stage)
);
`;
