import { parseDocuments } from '../domain/documents/parse.js';
import type { AccountDocument } from '../domain/documents/types.js';
import type { Instant, Location, PlanName } from '../domain/ids.js';
import type { Estate } from '../domain/import/estate.js';
import { finding, type ImportFinding } from '../domain/import/findings.js';
import { type Import, type ImportRequest, importEstate, withTakenNames } from '../domain/import/import.js';
import { talkingToAws } from './failures.js';
import { locationsOfAccount, sideBySide } from './locations.js';
import { type Fleet, FleetError, type Records } from './ports.js';

export type ImportActivities = ReturnType<typeof createImportActivities>;

/** Documents for what AWS does today. Only reads, in AWS and in the store: a person applies what comes of it. */
export function createImportActivities({
  fleet,
  records,
}: {
  readonly fleet: Pick<Fleet, 'estate' | 'findNodes'>;
  readonly records: Pick<Records, 'accounts' | 'windows' | 'baseline' | 'plan'>;
}) {
  async function importEstates({ accounts, regions, now }: ImportRequest & { now: Instant }): Promise<Import> {
    return talkingToAws(async (signal) => {
      const wanted = (await records.accounts())
        .filter(({ name }) => accounts?.includes(name) ?? true)
        .flatMap((account) =>
          locationsOfAccount(account)
            .filter(({ region }) => regions?.includes(region) ?? true)
            .map((at) => ({ account, at })),
        );
      const found = await sideBySide(wanted, ({ account, at }) => read(account, at, signal));
      const estates = found.filter((each) => 'nodes' in each);
      const problems = found.filter((each) => 'code' in each);
      const imported = importEstate(estates, now, problems);
      return withTakenNames(imported, await takenBy(imported));
    });
  }

  /** What AWS keeps of one location; where it cannot be read, that is a finding, and the others are read all the same. */
  async function read(account: AccountDocument, at: Location, signal: AbortSignal): Promise<Estate | ImportFinding> {
    const place = { account: account.name, region: at.region };
    try {
      const [settings, nodes] = await Promise.all([fleet.estate(at, signal), fleet.findNodes(at, {}, signal)]);
      return { ...place, ...settings, nodes };
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      return finding('location-not-read', place, 'account and Region', `${error.operation}: ${error.message}`);
    }
  }

  /** The documents of an import whose kind and name are in the store already, as `PatchPlan storefront`. */
  async function takenBy({ documents }: Import): Promise<string[]> {
    if (documents === '') return [];
    const windows = new Set((await records.windows()).map(({ name }) => name));
    const taken: string[] = [];
    for (const { kind, metadata } of parseDocuments(documents, 'yaml')) {
      const there =
        kind === 'MaintenanceWindow'
          ? windows.has(metadata.name)
          : kind === 'PatchBaseline'
            ? (await records.baseline(metadata.name)) !== null
            : (await records.plan(metadata.name as PlanName)) !== null;
      if (there) taken.push(`${kind} ${metadata.name}`);
    }
    return taken;
  }

  return { importEstates };
}
