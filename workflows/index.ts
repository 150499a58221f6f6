/** The workflows of a Patchtide worker: the entry of the bundle. */
export { deliverWebhook } from './deliver-webhook.js';
export { examineAccounts } from './examine-accounts.js';
export { expireSnapshots } from './expire-snapshots.js';
export { importEstate } from './import-estate.js';
export { patchCycle } from './patch-cycle.js';
export { patchStage } from './patch-stage.js';
export { patchTail } from './patch-tail.js';
export { patchWave } from './patch-wave.js';
export { previewPlan } from './preview-plan.js';
export { readmitNode } from './readmit-node.js';
export { rollBackNodes } from './roll-back.js';
export { scanFleet } from './scan-fleet.js';
export { scanLocation } from './scan-location.js';
export { startPlannedCycle } from './start-planned-cycle.js';
