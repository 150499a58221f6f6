/** Nodes that could not be brought back, until somebody readmits them. */
export const setAside = `
create table set_aside (
  node text primary key,
  account text not null,
  region text not null,
  since timestamptz not null,
  cycle text not null,
  stage text not null,
  reason text not null
);
`;
