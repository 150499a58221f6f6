import type { Store } from '../store/index.js';

/** What the API uses of the memory; every call may throw StoreUnavailable. */
export type ApiStore = Pick<
  Store,
  | 'putDocument'
  | 'deleteDocument'
  | 'document'
  | 'documents'
  | 'plan'
  | 'reserveCycle'
  | 'cycleChanged'
  | 'halt'
  | 'unhalt'
  | 'halted'
  | 'cycles'
  | 'cycleView'
  | 'cycleNodes'
  | 'cycleReport'
  | 'rollbackFacts'
  | 'openRollback'
  | 'rollbackRunning'
  | 'changesSince'
  | 'manifest'
  | 'patchSet'
  | 'fleetNodes'
  | 'compliance'
  | 'complianceBy'
  | 'claimKey'
  | 'audit'
  | 'auditEntries'
  | 'awsReach'
  | 'ping'
>;
