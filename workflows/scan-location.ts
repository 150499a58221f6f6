import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { CycleId, Digest, Location, StageName } from '../domain/ids.js';
import { recording, scanning } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { OperationWatch } from './operations.js';

export interface LocationScanInput extends Location {
  /** `<cycle>/<stage>/…` or the id of a fleet's scan: the first part of the keys of its commands. */
  readonly scan: string;
  readonly selection: Digest;
  readonly batches: number;
  /** Whose cycle says that it waits for AWS; null for a scan of the fleet. */
  readonly owner: { readonly cycle: CycleId; readonly stage: StageName } | null;
}

/** Batches in flight at the same time: scans change nothing, so only AWS's rates limit them. */
const SIDE_BY_SIDE = 10;

/** Scans the selected nodes of one location and keeps what the scans say. A scan is no touch: it may come before an approval. */
export async function scanLocation(input: LocationScanInput): Promise<{ scanned: number }> {
  const note = async (message: string | null) => {
    setCurrentDetails(message === null ? 'Scanning' : `**Waits for AWS**: ${message}`);
    if (input.owner) await recording.noteOutage({ ...input.owner, wave: null, message });
  };
  const operations = new OperationWatch(
    workflowInfo().workflowId,
    { account: input.account, region: input.region },
    note,
  );
  let next = 1;
  let scanned = 0;
  const scanBatches = async () => {
    while (next <= input.batches) {
      const batch = next++;
      const request = { ...input, run: workflowInfo().workflowId, batch };
      const { key } = await untilAwsAnswers(
        () => scanning.beginScan.executeWithOptions({ summary: `scan of batch ${batch}` }, [request]),
        note,
      );
      if (key !== null) await operations.end(key);
      scanned += (await untilAwsAnswers(() => scanning.readScan(request), note)).scanned;
    }
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, input.batches) }, scanBatches));
  return { scanned };
}
