import { finding } from '../domain/doctor/findings.js';
import { judge, MOST_LOCATIONS } from '../domain/doctor/judge.js';
import type { DoctorReport, DoctorRequest, Finding, LocationAnswer } from '../domain/doctor/report.js';
import type { AccountDocument } from '../domain/documents/types.js';
import type { Instant, Location } from '../domain/ids.js';
import { talkingToAws } from './failures.js';
import { locationsOfAccount, sideBySide } from './locations.js';
import type { Examiner, Records } from './ports.js';

/** An examination is some forty small calls, most of them waiting. */
const LOCATIONS_AT_ONCE = 24;
/** Within what the API waits; a location that has not been heard of by then is said. */
const DEADLINE = 45_000;

export type DoctorActivities = ReturnType<typeof createDoctorActivities>;

interface Found {
  readonly answer: LocationAnswer | null;
  readonly findings: readonly Finding[];
}

/** What works in the registered accounts, found out by asking; nothing is changed on a node. */
export function createDoctorActivities({
  examiner,
  records,
  version,
}: {
  readonly examiner: Examiner;
  readonly records: Pick<Records, 'accounts'>;
  readonly version: string;
}) {
  async function examineAccounts({ accounts, steps }: DoctorRequest): Promise<DoctorReport> {
    return talkingToAws(async (cancelled) => {
      const all = await records.accounts();
      const wanted = all.filter(({ name }) => accounts?.includes(name) ?? true);
      const places = wanted.flatMap((account) => locationsOfAccount(account).map((at) => ({ account, at })));
      const limit = AbortSignal.timeout(DEADLINE);
      const signal = AbortSignal.any([cancelled, limit]);

      const examineOne = async ({ account, at }: { account: AccountDocument; at: Location }): Promise<Found> => {
        try {
          const { answer, findings } = judge(await examiner.examine(at, signal), account, steps);
          return { answer, findings };
        } catch (error) {
          if (cancelled.aborted || !limit.aborted) throw error;
          return notChecked(account, at, `There was no time for it within ${DEADLINE / 1000} seconds.`);
        }
      };
      const found = await sideBySide(places.slice(0, MOST_LOCATIONS), examineOne, LOCATIONS_AT_ONCE);
      const left = places
        .slice(MOST_LOCATIONS)
        .map(({ account, at }) => notChecked(account, at, `One answer holds ${MOST_LOCATIONS} locations.`));
      return {
        at: new Date().toISOString() as Instant,
        worker: { version, node: process.version },
        locations: found.flatMap(({ answer }) => answer ?? []),
        findings: [
          ...(all.length === 0 ? [finding('no-accounts', 'No account is registered.')] : []),
          ...[...found, ...left].flatMap(({ findings }) => findings),
        ],
      };
    });
  }

  return { examineAccounts };
}

const notChecked = (account: AccountDocument, { region }: Location, why: string): Found => ({
  answer: null,
  findings: [
    finding('location-not-checked', `${account.name} in ${region} was not looked at. ${why}`, {
      account: account.name,
      region,
    }),
  ],
});
