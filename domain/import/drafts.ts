import { API_VERSION } from '../documents/fields.js';
import { compareText } from '../order.js';
import type { BaselineContent } from './baselines.js';
import type { Estate } from './estate.js';
import type { ImportFinding } from './findings.js';
import type { PlanDraft, StageDraft } from './plans.js';
import type { TaskSpec } from './tasks.js';
import type { PatchingWindow } from './windows.js';
import type { Commented } from './write.js';

/** A draft of a document: `sources` tell which findings stand above it. */
export interface Draft extends Commented {
  readonly sources: readonly {
    readonly account: string | null;
    readonly region: string | null;
    readonly subject: string;
  }[];
}

/** Whether a finding belongs above a document. */
export const isAbout = ({ account, region, subject }: ImportFinding, { sources }: Draft): boolean =>
  sources.some(
    (source) =>
      source.account === account &&
      source.region === region &&
      (subject === source.subject || subject.startsWith(`${source.subject},`)),
  );

export const placeText = ({ account, region }: Estate): string => `in ${account} ${region}`;

/** The documents of windows, one for each name. */
export function windowDrafts(names: ReadonlyMap<PatchingWindow, string>): Draft[] {
  const byName = new Map<string, PatchingWindow[]>();
  for (const [window, name] of names) byName.set(name, [...(byName.get(name) ?? []), window]);
  return [...byName]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([name, same]): Draft[] => {
      const [first] = same;
      if (!first?.spec) return [];
      return [
        {
          document: { apiVersion: API_VERSION, kind: 'MaintenanceWindow', metadata: { name }, spec: first.spec },
          comment: [
            `From ${same.map(({ window, estate }) => `${window.name} (${window.id}) ${placeText(estate)}`).join(', ')}.`,
          ],
          sources: [],
        },
      ];
    });
}

/** The document that proposes a plan. */
export function planDraft(plan: PlanDraft, baselineNames: (content: BaselineContent) => string): Draft {
  const { name, application, accounts, regions } = plan;
  return {
    document: {
      apiVersion: API_VERSION,
      kind: 'PatchPlan',
      metadata: { name, owner: plan.owner ?? 'not-known-yet' },
      spec: {
        nodes: { accounts: [...accounts], regions: [...regions], tags: { Application: application } },
        stages: plan.stages.map((stage) => stageDocument(stage, baselineNames(stage.baseline))),
      },
    },
    comment: [
      `A proposal for the nodes with the tag Application: ${application}. Soaks, snapshots and approvals are the defaults of`,
      'Patchtide, since AWS has none: `patchtide preview` shows them.',
    ],
    sources: [
      { account: null, region: null, subject: `plan ${name}` },
      ...plan.windows.map(({ estate, subject }) => ({ account: estate.account, region: estate.region, subject })),
    ],
  };
}

function stageDocument({ name, patchGroups, window, settings }: StageDraft, baseline: string) {
  const waves = {
    ...(settings?.maxUnavailable != null && { maxUnavailable: settings.maxUnavailable }),
    ...(settings?.pauseAfterFailures != null && { pauseAfterFailures: settings.pauseAfterFailures }),
  };
  const tasks = Object.fromEntries(
    Object.entries(settings?.tasks ?? {}).flatMap(([when, list]) =>
      list.length === 0 ? [] : [[when, list.map(writable)]],
    ),
  );
  return {
    name,
    patchGroups: [...patchGroups],
    baseline,
    ...(window !== null && { window }),
    ...(Object.keys(waves).length > 0 && { waves }),
    ...(settings !== null && settings.reboot !== 'if-needed' && { reboot: settings.reboot }),
    ...(Object.keys(tasks).length > 0 && { tasks }),
  };
}
const writable = ({ parameters, ...task }: TaskSpec) => ({
  ...task,
  ...(parameters && {
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]])),
  }),
});
