import type { CycleId, Digest, Instant, Location, StageName } from '../domain/ids.js';
import { scanKey } from '../domain/keys.js';
import { Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import { allOf } from './locations.js';
import type { Fleet, Records } from './ports.js';
import { SCAN_DEADLINE, scanCommand } from './step-effects.js';
import { readScans } from './verdicts.js';

export interface ScanBatchRequest extends Location {
  readonly scan: string;
  readonly run: string;
  readonly selection: Digest;
  readonly batches: readonly number[];
  readonly owner: { readonly cycle: CycleId; readonly stage: StageName } | null;
}

export type ScanActivities = ReturnType<typeof createScanActivities>;

/** Scans of selected nodes: they change nothing, and what they say is kept. */
export function createScanActivities({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
  const effects = new Effects({ fleet, records });

  async function beginScan(
    request: ScanBatchRequest,
  ): Promise<{ begun: readonly { readonly batch: number; readonly key: string | null }[] }> {
    const begin = async (number: number, signal: AbortSignal) => {
      const { location, batch } = await placeOf(request, number);
      const key = scanKey(request.scan, location.number, batch.number);
      // The operation belongs to no stage's nodes: a scan that fails is no problem of a node that nobody has touched.
      const owner = { run: request.run, cycle: null, stage: null, failureIsProblem: false };
      const at = { account: request.account, region: request.region };
      const effect = { effect: scanCommand(), timeout: SCAN_DEADLINE };
      await effects.carryOut(
        { ...owner, key, at, batch: batch.number, step: 'scan', nodes: batch.nodes, ...effect },
        signal,
      );
      return { batch: batch.number, key };
    };
    return talkingToAws(async (signal) => ({
      begun: await allOf(request.batches, (batch) => begin(batch, signal)),
    }));
  }

  /** Keeps what the scans of the batches found; a node whose scan did not succeed keeps its earlier facts. */
  async function readScan(
    request: ScanBatchRequest,
  ): Promise<{ read: readonly { readonly batch: number; readonly scanned: number }[] }> {
    const read = async (number: number, signal: AbortSignal) => {
      const { location, batch } = await placeOf(request, number);
      const operation = await records.operation(scanKey(request.scan, location.number, batch.number));
      const scanned = (operation?.results ?? []).filter(({ status }) => status === 'success').map(({ node }) => node);
      const at = { account: request.account, region: request.region };
      const scans = await readScans(at, scanned, fleet, signal);
      await records.saveScans([...scans.values()], new Date().toISOString() as Instant);
      return { batch: batch.number, scanned: scans.size };
    };
    return talkingToAws(async (signal) => ({
      read: await allOf(request.batches, (batch) => read(batch, signal)),
    }));
  }

  async function placeOf(request: ScanBatchRequest, wanted: number) {
    const selection = await records.selection(request.selection);
    const location = selection.locations.find(
      ({ account, region }) => account === request.account && region === request.region,
    );
    const batch = location?.batches.find(({ number }) => number === wanted);
    if (!location || !batch) throw new Error(`Selection ${request.selection} has no batch ${wanted} there.`);
    return { location, batch };
  }

  return { beginScan, readScan };
}
