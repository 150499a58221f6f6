import { ApplicationFailure, executeChild, ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import { type CycleId, type Digest, type Location, type StageName, workflowIds } from '../domain/ids.js';
import { stageScan } from '../domain/keys.js';
import { scanLocation } from './scan-location.js';

/** What was selected, without its nodes: those lie in the store under the digest. */
export interface Selected {
  readonly digest: Digest;
  readonly locations: readonly (Location & { readonly batches: number })[];
}

/**
 * Scans a stage's selected nodes, all locations side by side. `preparation` tells the scans of one stage apart.
 * @throws ApplicationFailure where something went wrong in a location that waiting does not mend
 */
export async function scanSelection(
  selected: Selected,
  preparation: string,
  owner: { readonly cycle: CycleId; readonly stage: StageName },
): Promise<void> {
  const scans = await Promise.all(
    selected.locations
      .filter(({ batches }) => batches > 0)
      .map(({ account, region, batches }) =>
        executeChild(scanLocation, {
          workflowId: workflowIds.stageScan(workflowInfo().workflowId, preparation, { account, region }),
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: `Scan of ${account} in ${region}`,
          args: [
            {
              account,
              region,
              batches,
              owner,
              scan: stageScan(owner.cycle, owner.stage, preparation),
              selection: selected.digest,
            },
          ],
        }),
      ),
  );
  const problem = scans.find((scan) => scan.problem !== null)?.problem;
  if (problem) throw ApplicationFailure.nonRetryable(problem, 'scan-failed');
}
