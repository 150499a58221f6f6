import { executeChild, isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { type Instant, workflowIds } from '../domain/ids.js';
import { preparing, recording } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import type { FleetScanRequest, FleetScanResult } from './messages.js';
import { setPhase } from './phase.js';
import { reasonOf } from './reason.js';
import { type LocationScanResult, scanLocation } from './scan-location.js';

/**
 * Scans every node of every registered account and Region (or of the named ones) and keeps what the scans say.
 * A location that can't be reached, or denies for ten minutes, is said and left out; its nodes, like every node that could not be scanned, are unknown.
 */
export async function scanFleet(request: FleetScanRequest): Promise<FleetScanResult> {
  setPhase('scanning');
  const id = request.id ?? workflowInfo().workflowId.slice(workflowIds.fleetScan('').length);
  const selection = await untilAwsAnswers(
    () => preparing.selectFleet(request),
    async (message) => setCurrentDetails(message === null ? 'Selecting' : `**Waits for AWS**: ${message}`),
  );
  setCurrentDetails(`${selection.nodes} nodes in ${selection.locations.length} locations`);
  const scans = selection.locations.filter(({ batches }) => batches > 0);
  const scanned = await Promise.all(
    scans.map(({ account, region, batches }) =>
      executeChild(scanLocation, {
        workflowId: workflowIds.locationScan(id, { account, region }),
        staticSummary: `Scan of ${account} in ${region}`,
        args: [{ account, region, batches, owner: null, scan: `scan-${id}`, selection: selection.digest }],
      }).catch((error: unknown): LocationScanResult => {
        if (isCancellation(error)) throw error;
        return { scanned: 0, problem: `The scan of ${account} in ${region} did not end: ${reasonOf(error)}` };
      }),
    ),
  );
  const count = scanned.reduce((sum, location) => sum + location.scanned, 0);
  const result = {
    nodes: selection.nodes,
    scanned: count,
    busy: selection.busy,
    unknown: selection.nodes - selection.busy - count,
    problems: [...selection.problems, ...scanned.flatMap(({ problem }) => problem ?? [])],
  };
  setPhase('ended');
  await recording.fleetScanned({
    request: { ...request, id },
    result,
    since: selection.at,
    at: new Date(Date.now()).toISOString() as Instant,
  });
  return result;
}
