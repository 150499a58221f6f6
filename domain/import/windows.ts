import { isTimezone } from '../calendar/timezone.js';
import { NAME_LENGTH } from '../documents/fields.js';
import type { NodeId } from '../ids.js';
import { groupsOfTask, selectedBy } from '../selectors.js';
import type { Estate, EstateTask, EstateWindow } from './estate.js';
import { finding, type ImportFinding } from './findings.js';
import { nameAll, slug } from './names.js';
import { type TranslatedSchedule, translateSchedule } from './schedule.js';
import { type Patching, type Tell, translatePatching } from './tasks.js';

/** A window of the estate that patches: what becomes of it, and of which nodes. */
export interface PatchingWindow {
  readonly estate: Estate;
  readonly window: EstateWindow;
  readonly subject: string;
  /** Its schedule in our words; null where it cannot be said exactly. */
  readonly spec: WindowSpec | null;
  /** One for each task that installs patches. */
  readonly patching: readonly Patching[];
}
export interface WindowSpec {
  readonly schedule: Extract<TranslatedSchedule, { schedule: unknown }>['schedule'];
  readonly timezone: string;
  readonly duration: string;
  readonly cutoff: string;
}

const subjectOf = ({ name, id }: EstateWindow): string => `window ${name} (${id})`;

/** The estate's windows that install patches, with what could not be said of them. `now`: milliseconds since 1970. */
export function patchingWindows(
  estate: Estate,
  now: number,
): { readonly windows: readonly PatchingWindow[]; readonly findings: readonly ImportFinding[] } {
  const findings: ImportFinding[] = [];
  const windows = estate.windows.flatMap((window): PatchingWindow[] => {
    const subject = subjectOf(window);
    const tell = (code: ImportFinding['code'], message: string, of = subject) =>
      void findings.push(finding(code, estate, of, message));
    if (!window.enabled) {
      tell('window-disabled', 'It is disabled in AWS.');
      return [];
    }
    const patching = translatePatching(window, subject, (task) => nodesOf(task, window, estate), tell);
    if (patching.length === 0) return [];
    return [{ estate, window, subject, patching, spec: specOf(window, now, tell) }];
  });
  return { windows, findings };
}

function specOf(window: EstateWindow, now: number, tell: Tell): WindowSpec | null {
  const timezone = window.timezone ?? 'UTC';
  const translated = translateSchedule(window.schedule, window.offset);
  const problems: [ImportFinding['code'], string][] = [];
  if ('code' in translated) problems.push([translated.code, `${translated.why}.`]);
  if (!isTimezone(timezone)) problems.push(['window-timezone', `${timezone} is no time zone by its IANA name.`]);
  if (window.startDate !== null && !(Date.parse(window.startDate) <= now))
    problems.push(['window-dates', `It does not begin before ${window.startDate}.`]);
  if (window.endDate !== null) problems.push(['window-dates', `It ends at ${window.endDate}.`]);
  for (const [code, message] of problems) tell(code, message);
  if (problems.length > 0 || 'code' in translated) return null;
  return {
    schedule: translated.schedule,
    timezone,
    duration: `PT${window.duration}H`,
    cutoff: window.cutoff === 0 ? 'PT0S' : `PT${window.cutoff}H`,
  };
}

/** The names of the documents of windows whose schedule could be said, by estate and id. */
export function nameWindows(windows: readonly PatchingWindow[]): ReadonlyMap<PatchingWindow, string> {
  const sayable = windows.filter(({ spec }) => spec !== null);
  const names = nameAll(
    sayable.map(({ estate, window, spec }) => ({
      base: slug(window.name, NAME_LENGTH.window, 'window'),
      marks: [estate.account, estate.region, window.id],
      content: JSON.stringify(spec),
    })),
    NAME_LENGTH.window,
  );
  return new Map(sayable.map((each, index) => [each, names[index] ?? '']));
}

/** The nodes that a task of a window runs on; null where only AWS can tell (resource groups). */
function nodesOf(task: EstateTask, window: EstateWindow, { nodes }: Estate): ReadonlySet<NodeId> | null {
  const chosen = selectedBy(groupsOfTask(task.selectors, window.targets), nodes);
  return chosen && new Set(chosen.map(({ id }) => id));
}
