import { isTimezone } from '../calendar/timezone.js';
import { NAME_LENGTH } from '../documents/fields.js';
import type { ManagedNode } from '../fleet.js';
import type { NodeId } from '../ids.js';
import type { Estate, EstateTask, EstateWindow, Selector } from './estate.js';
import { finding, type ImportFinding } from './findings.js';
import { nameAll, slug } from './names.js';
import { type TranslatedSchedule, translateSchedule } from './schedule.js';
import { type Patching, translatePatching } from './tasks.js';

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

export const windowSubject = ({ name, id }: EstateWindow): string => `window ${name} (${id})`;

/** The estate's windows that install patches, with what could not be said of them. `now`: milliseconds since 1970. */
export function patchingWindows(
  estate: Estate,
  now: number,
): { readonly windows: readonly PatchingWindow[]; readonly findings: readonly ImportFinding[] } {
  const findings: ImportFinding[] = [];
  const windows = estate.windows.flatMap((window): PatchingWindow[] => {
    const subject = windowSubject(window);
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

type Tell = (code: ImportFinding['code'], message: string, of?: string) => void;

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
  const registered = new Map(window.targets.map((target) => [target.id, target.selectors]));
  const targets: (readonly Selector[])[] = task.selectors.flatMap(({ key, values }) =>
    key === 'WindowTargetIds' ? values.flatMap((id) => [registered.get(id) ?? []]) : [],
  );
  const direct = task.selectors.filter(({ key }) => key !== 'WindowTargetIds');
  if (direct.length > 0) targets.push(direct);
  if (targets.some((selectors) => selectors.some(({ key }) => key.startsWith('resource-groups:')))) return null;
  const chosen = nodes.filter((node) =>
    targets.some((selectors) => selectors.length > 0 && selectors.every((selector) => matches(node, selector))),
  );
  return new Set(chosen.map(({ id }) => id));
}

function matches(node: ManagedNode, { key, values }: Selector): boolean {
  if (key === 'InstanceIds') return values.includes(node.id) || values.includes('*');
  if (key === 'tag-key') return values.some((tag) => tag in node.tags);
  const value = key.startsWith('tag:') ? node.tags[key.slice('tag:'.length)] : undefined;
  return value !== undefined && values.includes(value);
}
