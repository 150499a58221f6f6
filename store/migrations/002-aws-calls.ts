/** How AWS last answered each kind of call in each location: overwritten, never grown. */
export const awsCalls = `
create table aws_calls (
  account text not null,
  region text not null,
  service text not null,
  operation text not null,
  outcome text not null,
  at timestamptz not null,
  primary key (account, region, service, operation)
);
`;
