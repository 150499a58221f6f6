import type { CycleId, Digest, Instant, Location, StageName } from '../domain/ids.js';
import { scanKey } from '../domain/keys.js';
import { Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import type { Fleet, Records } from './ports.js';
import { SCAN_DEADLINE, scanCommand } from './step-effects.js';
import { readScans } from './verdicts.js';

export interface ScanBatchRequest extends Location {
  readonly scan: string;
  readonly run: string;
  readonly selection: Digest;
  readonly batch: number;
  readonly owner: { readonly cycle: CycleId; readonly stage: StageName } | null;
}

export type ScanActivities = ReturnType<typeof createScanActivities>;

/** Scans of selected nodes: they change nothing, and what they say is kept. */
export function createScanActivities({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
  const effects = new Effects({ fleet, records });

  async function beginScan(request: ScanBatchRequest): Promise<{ key: string | null }> {
    return talkingToAws(async (signal) => {
      const { location, batch } = await placeOf(request);
      const key = scanKey(request.scan, location.number, batch.number);
      // The operation belongs to no stage's nodes: a scan that fails is no problem of a node that nobody has touched.
      const owner = { run: request.run, cycle: null, stage: null, failureIsProblem: false };
      const at = { account: request.account, region: request.region };
      const effect = { effect: scanCommand(), timeout: SCAN_DEADLINE };
      await effects.carryOut(
        { ...owner, key, at, batch: batch.number, step: 'scan', nodes: batch.nodes, ...effect },
        signal,
      );
      return { key };
    });
  }

  /** Keeps what the scans of a batch found; a node whose scan did not succeed keeps its earlier facts. */
  async function readScan(request: ScanBatchRequest): Promise<{ scanned: number }> {
    return talkingToAws(async (signal) => {
      const { location, batch } = await placeOf(request);
      const operation = await records.operation(scanKey(request.scan, location.number, batch.number));
      const scanned = (operation?.results ?? []).filter(({ status }) => status === 'success').map(({ node }) => node);
      const at = { account: request.account, region: request.region };
      const scans = await readScans(at, scanned, fleet, signal);
      await records.saveScans([...scans.values()], new Date().toISOString() as Instant);
      return { scanned: scans.size };
    });
  }

  async function placeOf(request: ScanBatchRequest) {
    const selection = await records.selection(request.selection);
    const location = selection.locations.find(
      ({ account, region }) => account === request.account && region === request.region,
    );
    const batch = location?.batches.find(({ number }) => number === request.batch);
    if (!location || !batch) throw new Error(`Selection ${request.selection} has no batch ${request.batch} there.`);
    return { location, batch };
  }

  return { beginScan, readScan };
}
