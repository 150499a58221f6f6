/** Names that look alike and must not be confused carry a brand; a brand costs nothing at run time. */
declare const brand: unique symbol;
export type Branded<Base, Brand extends string> = Base & { readonly [brand]: Brand };

export type PlanName = Branded<string, 'PlanName'>;
export type StageName = Branded<string, 'StageName'>;
/** `<plan>-<number>`: unambiguous, since a cycle's number is always last. */
export type CycleId = Branded<string, 'CycleId'>;
/** `i-…` (EC2) or `mi-…` (hybrid). */
export type NodeId = Branded<string, 'NodeId'>;
/** Twelve digits. */
export type AccountId = Branded<string, 'AccountId'>;
export type Region = Branded<string, 'Region'>;
/** An Availability Zone's id (`euw1-az1`: the same zone in every account), or `hybrid`. */
export type ZoneId = Branded<string, 'ZoneId'>;
/** `sha256:` and 64 hexadecimal digits. */
export type Digest = Branded<string, 'Digest'>;
/** An instant as ISO 8601 in UTC with a `Z`. */
export type Instant = Branded<string, 'Instant'>;

/** The zone that stands for nodes outside AWS. */
export const HYBRID = 'hybrid' as ZoneId;

/** One account × one Region: the unit of AWS quotas and rate limits, and of fan-out. */
export interface Location {
  readonly account: AccountId;
  readonly region: Region;
}

export const cycleId = (plan: PlanName, number: number): CycleId => `${plan}-${number}` as CycleId;

/** Workflow ids say what they are and never collide; every id is built here and nowhere else. */
export const workflowIds = {
  cycle: (plan: PlanName, number: number) => `patch-cycle/${plan}/${number}`,
  stage: (cycleWorkflow: string, stage: StageName) => `${cycleWorkflow}/${stage}`,
  tail: (stageWorkflow: string) => `${stageWorkflow}/tail`,
  /** A wave with which a stage goes on may be in the same place and window as the one before: it bears its number. */
  wave: (
    stageWorkflow: string,
    wave: Location & { window: string; opens: Instant; zone: ZoneId; number: number; continues?: true },
  ) =>
    `${stageWorkflow}/${wave.window}@${wave.opens}/${wave.account}/${wave.region}/${wave.zone}${wave.continues ? `/w${wave.number}` : ''}`,
  /** With a slash: a stage may be called rollback-1. */
  rollback: (cycleWorkflow: string, number: number) => `${cycleWorkflow}/rollback/${number}`,
  stageScan: (stageWorkflow: string, preparation: string, at: Location) =>
    `${stageWorkflow}/scan-${preparation}/${at.account}/${at.region}`,
  schedule: (plan: PlanName) => `patch-plan/${plan}`,
  planStart: (plan: PlanName) => `patch-plan-start/${plan}`,
  fleetScan: (id: string) => `fleet-scan/${id}`,
  locationScan: (id: string, at: Location) => `fleet-scan/${id}/${at.account}/${at.region}`,
  snapshotExpiry: (id: string) => `snapshot-expiry/${id}`,
  readmit: (id: string) => `readmit/${id}`,
  preview: (id: string) => `preview/${id}`,
  doctor: (id: string) => `doctor/${id}`,
  import: (id: string) => `import/${id}`,
  webhook: (cycleWorkflow: string, event: string) => `${cycleWorkflow}/webhook/${event}`,
} as const;
