import { CancellationScope, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { CycleId, Digest, Location, StageName } from '../domain/ids.js';
import { recording, scanning } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { OperationWatch } from './operations.js';
import { Projections } from './projections.js';
import { reasonOf } from './reason.js';
import { rangesOf, Together } from './together.js';

export interface LocationScanInput extends Location {
  /** `<cycle>/<stage>/…` or the id of a fleet's scan: the first part of the keys of its commands. */
  readonly scan: string;
  readonly selection: Digest;
  readonly batches: number;
  /** Whose cycle says that it waits for AWS; null for a scan of the fleet. */
  readonly owner: { readonly cycle: CycleId; readonly stage: StageName } | null;
}

export interface LocationScanResult {
  readonly scanned: number;
  /** Why nodes of the location were not scanned; null where all were tried. */
  readonly problem: string | null;
}

/** Batches in flight at the same time: scans change nothing, so only AWS's rates limit them. */
const SIDE_BY_SIDE = 16;
/** Batches read by one activity: a call for each node. */
const READS_AT_ONCE = 8;
/** A cycle waits for its location; a scan of the fleet leaves it out, so that the next one is not held up. */
const PATIENCE_OF_FLEET_SCANS = 10 * 60_000;

/** Scans the selected nodes of one location and keeps what the scans say. A scan is no touch: it may come before an approval. */
export async function scanLocation(input: LocationScanInput): Promise<LocationScanResult> {
  const { account, region, owner, batches } = input;
  const projections = new Projections();
  const note = async (message: string | null) => {
    setCurrentDetails(message === null ? 'Scanning' : `**Waits for AWS**: ${message}`);
    if (owner) await projections.write(() => recording.noteOutage({ ...owner, wave: null, message }));
  };
  const outage = owner === null ? { note, patience: PATIENCE_OF_FLEET_SCANS } : { note };
  const untilAnswered = <T>(work: () => Promise<T>) => untilAwsAnswers(work, note, outage.patience);
  const operations = new OperationWatch(workflowInfo().workflowId, { account, region }, outage);
  const request = (some: readonly number[]) => ({ ...input, run: workflowInfo().workflowId, batches: some });
  const begins = new Together(SIDE_BY_SIDE, async (_what, some) => {
    const summary = `scan: batch ${rangesOf(some)}`;
    return (await scanning.beginScan.executeWithOptions({ summary }, [request(some)])).begun;
  });
  const reads = new Together(READS_AT_ONCE, async (_what, some) => {
    const summary = `what the scans say: batch ${rangesOf(some)}`;
    return (await scanning.readScan.executeWithOptions({ summary }, [request(some)])).read;
  });
  let next = 1;
  let scanned = 0;
  const scanBatches = async () => {
    while (next <= batches) {
      const batch = next++;
      const { key } = await untilAnswered(() => begins.ask('scan', batch));
      if (key !== null) await operations.end(key);
      scanned += (await untilAnswered(() => reads.ask('read', batch))).scanned;
    }
  };
  const cancellation = CancellationScope.current();
  const scope = new CancellationScope();
  try {
    await scope.run(() => Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, batches) }, scanBatches)));
    return { scanned, problem: null };
  } catch (error) {
    if (cancellation.consideredCancelled) throw error;
    scope.cancel();
    return { scanned, problem: `The scan of ${account} in ${region} was given up: ${reasonOf(error)}` };
  }
}
