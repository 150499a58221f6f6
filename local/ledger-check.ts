import type { OperatingSystem, PinnedPatch } from '../domain/fleet.js';
import type { FleetNodes, LedgerEntry, Report } from './ledger-shapes.js';

/*
 * What the fleet's ledger says was really done, held against what the cycle's report says was allowed. It shares no code
 * with what it judges: only the shapes of the two documents and of the keys.
 */

/** How one rule was kept: `checked` things were held against it. A rule with nothing to check proves nothing. */
export interface Finding {
  readonly rule: string;
  readonly checked: number;
  readonly violations: readonly string[];
}

/**
 * Holds a cycle against the rules that must hold whatever crashed on the way. Effects before the cycle's start and after
 * its end are another's and left out.
 */
export function checkLedger(ledger: readonly LedgerEntry[], nodes: FleetNodes, report: Report): Finding[] {
  const evidence = new Evidence(ledger, report);
  return [
    afterTheSoakBefore(evidence),
    afterTheApproval(evidence),
    onlyWhatWasProven(evidence),
    snapshotsFirst(evidence, nodes),
    afterTasksRan(evidence),
    oneZoneAtATime(evidence),
    once('no command twice', commandsOf(evidence)),
    once('no snapshot twice', snapshotsOf(evidence)),
    once('no patch installed twice', installsOf(evidence)),
  ];
}

interface Stage {
  readonly name: string;
  readonly nodes: ReadonlySet<string>;
  /** NaN where it should have soaked and did not: no instant is late enough then. */
  readonly soakUntil: number;
  readonly soak: number;
  readonly needsApproval: boolean;
  /** When the manifest that was carried out was approved for the last time; NaN where it was not. */
  readonly approvedAt: number;
  readonly awaitsSnapshots: boolean;
  readonly hasNodeTasks: boolean;
  /** Whatever changed its nodes, snapshots included and scans not, in order. */
  readonly touches: readonly LedgerEntry[];
}

class Evidence {
  readonly ledger: readonly LedgerEntry[];
  readonly stages: readonly Stage[];
  readonly report: Report;

  constructor(ledger: readonly LedgerEntry[], report: Report) {
    const from = Date.parse(report.cycle.startedAt);
    const to = report.cycle.endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(report.cycle.endedAt);
    this.ledger = ledger.filter((entry) => time(entry) >= from && time(entry) <= to);
    this.report = report;
    this.stages = report.cycle.stages.map((stage) => this.#stage(stage));
  }

  /** A stage, and the one before it. */
  successions(): [Stage, Stage][] {
    return this.stages.slice(1).map((stage, index) => [this.stages[index] as Stage, stage]);
  }

  #stage({ name, manifest, soakUntil, decisions }: Report['cycle']['stages'][number]): Stage {
    const nodes = new Set(this.report.nodes.filter((node) => node.stage === name).map(({ node }) => node));
    const policy = this.report.manifests.find(({ digest }) => digest === manifest)?.manifest.policy;
    const soak = policy?.soak ?? 0;
    const approvals = decisions.filter((each) => each.decision === 'approve' && each.manifest === manifest);
    return {
      name,
      nodes,
      soakUntil: soakUntil === null ? (soak > 0 ? Number.NaN : Number.NEGATIVE_INFINITY) : Date.parse(soakUntil),
      soak,
      needsApproval: (policy?.approval ?? null) !== null,
      approvedAt: Math.max(...approvals.map(({ at }) => Date.parse(at)), Number.NEGATIVE_INFINITY),
      awaitsSnapshots: policy?.snapshot === 'await',
      hasNodeTasks: (policy?.tasks.beforeNode.length ?? 0) > 0 && (policy?.tasks.afterNode.length ?? 0) > 0,
      touches: this.ledger.filter((entry) => entry.node !== undefined && nodes.has(entry.node) && isTouch(entry)),
    };
  }
}

const TOUCHES = new Set([
  'command-started',
  'patches-installed',
  'reboot',
  'snapshot-created',
  'instance-started',
  'instance-stopped',
]);
const isTouch = (entry: LedgerEntry): boolean => TOUCHES.has(entry.kind) && entry.operation !== 'Scan';

function afterTheSoakBefore(evidence: Evidence): Finding {
  const verdicts = evidence.successions().flatMap(([before, stage]) => {
    const lastBefore = Math.max(...before.touches.map(time), Number.NEGATIVE_INFINITY);
    const earliest = Math.max(before.soakUntil, lastBefore + before.soak);
    return stage.touches.map((entry) =>
      time(entry) >= earliest ? null : `${describe(entry)}, before ${before.name} had soaked (${instant(earliest)})`,
    );
  });
  return finding('no install, task, reboot or snapshot before the stage before had soaked', verdicts);
}

function afterTheApproval(evidence: Evidence): Finding {
  const verdicts = evidence.stages
    .filter(({ needsApproval }) => needsApproval)
    .flatMap(({ touches, approvedAt }) =>
      touches.map((entry) =>
        time(entry) >= approvedAt && Number.isFinite(approvedAt)
          ? null
          : `${describe(entry)}, approved ${instant(approvedAt)}`,
      ),
    );
  return finding('no install, task, reboot or snapshot before the approval', verdicts);
}

function onlyWhatWasProven(evidence: Evidence): Finding {
  return finding(
    'what a stage installed is a subset of what the stage before proved',
    provenVerdicts(evidence, evidence.successions(), (patch, proven, os) => {
      // For Windows the id is the version; elsewhere the title carries it.
      return os === 'WINDOWS' || patch.title === proven.title;
    }),
  );
}

function provenVerdicts(
  evidence: Evidence,
  successions: readonly [Stage, Stage][],
  isProven: (patch: PinnedPatch, proven: PinnedPatch, os: OperatingSystem) => boolean,
): (string | null)[] {
  const systems = new Map(evidence.report.nodes.map(({ node, os }) => [node, os]));
  return successions.flatMap(([before, stage]) => {
    const set = evidence.report.patchSets.find((each) => each.stage === before.name)?.patches ?? {};
    return stage.touches.flatMap((entry) => {
      const os = systems.get(entry.node ?? '') ?? null;
      return (entry.patches ?? []).map((patch) => {
        const candidates = os === null ? [] : (set[os] ?? []).filter(({ id }) => id === patch.id);
        if (os !== null && candidates.some((proven) => isProven(patch, proven, os))) return null;
        return `${patch.title || patch.id} on ${entry.node} (${stage.name}): not proven in ${before.name}`;
      });
    });
  });
}

function snapshotsFirst(evidence: Evidence, nodes: FleetNodes): Finding {
  const completed = new Map<string, number>();
  for (const entry of evidence.ledger)
    if (entry.kind === 'snapshot-completed' && entry.volume && !completed.has(entry.volume))
      completed.set(entry.volume, entry.seq);
  const volumes = new Map(nodes.filter(({ hybrid }) => !hybrid).map((node) => [node.id, node.volumes]));
  const verdicts = evidence.stages
    .filter(({ awaitsSnapshots }) => awaitsSnapshots)
    .flatMap((stage) =>
      stage.touches.filter(({ operation, kind }) => operation === 'Install' && kind === 'command-started'),
    )
    .flatMap((install) =>
      (volumes.get(install.node ?? '') ?? []).map(({ id }) =>
        (completed.get(id) ?? Number.POSITIVE_INFINITY) < install.seq
          ? null
          : `${id} of ${install.node} had no completed snapshot before ${describe(install)}`,
      ),
    );
  return finding('every volume had a completed snapshot before its node was patched', verdicts);
}

function afterTasksRan(evidence: Evidence): Finding {
  const verdicts = evidence.stages
    .filter(({ hasNodeTasks }) => hasNodeTasks)
    .flatMap(({ name, touches }) => {
      const ran = (task: RegExp) =>
        new Map(touches.flatMap((entry) => (entry.node && task.test(stepOf(entry)) ? [[entry.node, entry.seq]] : [])));
      const after = ran(/^after-\d+$/);
      return [...ran(/^before-\d+$/)].map(([node, before]) =>
        (after.get(node) ?? 0) > before ? null : `${node} (${name}): its before tasks ran, its after tasks did not`,
      );
    });
  return finding('after tasks ran on every node whose before tasks ran', verdicts);
}

function oneZoneAtATime(evidence: Evidence): Finding {
  const verdicts = evidence.stages.flatMap((stage) => {
    const spans = new Map<string, { region: string; zone: string; from: number; to: number }>();
    for (const entry of evidence.ledger) {
      if (!entry.node || !entry.region || !stage.nodes.has(entry.node) || stepOf(entry) === '') continue;
      const zone = entry.zoneId ?? 'on-premises';
      const id = `${entry.region}/${zone}`;
      const span = spans.get(id);
      spans.set(id, { region: entry.region, zone, from: span?.from ?? time(entry), to: time(entry) });
    }
    return pairs([...spans.values()])
      .filter(([a, b]) => a.region === b.region)
      .map(([a, b]) =>
        a.to <= b.from || b.to <= a.from
          ? null
          : `${stage.name}, ${a.region}: ${a.zone} (${instant(a.from)} to ${instant(a.to)}) and ${b.zone} (${instant(b.from)} to ${instant(b.to)})`,
      );
  });
  return finding('no two zones of a Region at once', verdicts);
}

const commandsOf = ({ ledger }: Evidence): string[] =>
  ledger.flatMap(({ kind, key }) => (kind === 'command-accepted' && key?.startsWith('patchtide/') ? [key] : []));

const snapshotsOf = ({ ledger }: Evidence): string[] =>
  ledger.flatMap(({ kind, volume, tags }) =>
    kind === 'snapshot-created' && tags?.[KEY_TAG] ? [`${tags[KEY_TAG]} of ${volume}`] : [],
  );

const installsOf = ({ stages }: Evidence): string[] =>
  stages.flatMap(({ touches }) =>
    touches.flatMap(({ node, patches }) => (patches ?? []).map(({ id, title }) => `${title || id} on ${node}`)),
  );

/** The tag of a snapshot that bears the key of its step. */
export const KEY_TAG = 'patchtide:key';
/** The key of an install; its first group is `<cycle>/<stage>`. */
export const INSTALL = /^patchtide\/(.+)\/w\d+\.b\d+\.install$/;

/** The step of a wave that an effect's key names (`…/w<wave>.b<batch>.<step>`); empty for all other effects. */
function stepOf({ key, tags }: LedgerEntry): string {
  return /\/w\d+\.b\d+\.([^/]+)$/.exec(key ?? tags?.[KEY_TAG] ?? '')?.[1] ?? '';
}

/** Holds that no effect is among them twice. */
export function once(rule: string, effects: readonly string[]): Finding {
  const seen = new Set<string>();
  return finding(
    rule,
    effects.map((effect) => {
      if (seen.has(effect)) return effect;
      seen.add(effect);
      return null;
    }),
  );
}

/** A verdict is null, or the sentence of a violation. */
export const finding = (rule: string, verdicts: readonly (string | null)[]): Finding => ({
  rule,
  checked: verdicts.length,
  violations: verdicts.filter((verdict) => verdict !== null),
});

const time = (entry: LedgerEntry): number => Date.parse(entry.at);
const instant = (at: number): string => (Number.isFinite(at) ? new Date(at).toISOString() : 'never');
const describe = (entry: LedgerEntry): string =>
  `${entry.kind}${entry.operation ? ` (${entry.operation})` : ''} on ${entry.node} at ${entry.at}`;

const pairs = <T>(items: readonly T[]): [T, T][] =>
  items.flatMap((first, index) => items.slice(index + 1).map((second): [T, T] => [first, second]));
