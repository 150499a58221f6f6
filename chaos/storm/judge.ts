import { z } from 'zod';
import { reportedNode } from '../../local/demo-tables.js';
import { type Finding, finding, INSTALL, KEY_TAG, once } from '../../local/ledger-check.js';

/* What a storm must not have done, over all of its cycles; the rules of a single cycle are local/ledger-check.ts's. */

export const stormLedger = z.array(
  z.object({
    seq: z.number(),
    at: z.string(),
    kind: z.string(),
    node: z.string().optional(),
    key: z.string().optional(),
    volume: z.string().optional(),
    tags: z.record(z.string(), z.string().nullable()).optional(),
    patches: z.array(z.object({ id: z.string(), title: z.string() })).optional(),
  }),
);
type Ledger = z.infer<typeof stormLedger>;

export const stormReport = z.object({
  cycle: z.object({ id: z.string(), status: z.string(), message: z.string().nullable() }),
  nodes: z.array(reportedNode.extend({ touched: z.boolean() })),
  operations: z.array(
    z.object({ key: z.string(), kind: z.string(), status: z.string(), externalIds: z.array(z.string()) }),
  ),
});
type StormReport = z.infer<typeof stormReport>;

export function judgeStorm(ledger: Ledger, reports: readonly StormReport[]): Finding[] {
  return [
    explained(reports),
    once(
      'no command twice',
      ledger.flatMap(({ kind, key }) => (kind === 'command-accepted' && isOurs(key) ? [key] : [])),
    ),
    once(
      'no command twice on a node',
      ledger.flatMap(({ kind, key, node }) => (kind === 'command-started' && isOurs(key) ? [`${key} on ${node}`] : [])),
    ),
    once(
      'no snapshot twice',
      ledger.flatMap(({ kind, tags, volume }) =>
        kind === 'snapshot-created' && tags?.[KEY_TAG] ? [`${tags[KEY_TAG]} of ${volume}`] : [],
      ),
    ),
    once(
      'no patch installed twice',
      ledger.flatMap(({ patches = [], node }) => patches.map(({ title, id }) => `${title || id} on ${node}`)),
    ),
    nothingLost(ledger, reports),
    nothingUnknown(ledger, reports),
    inService(ledger),
  ];
}

const ENDS = new Set(['completed', 'completed-with-failures', 'failed', 'rejected', 'cancelled', 'rolled-back']);
const isOurs = (key: string | undefined): key is string => key?.startsWith('patchtide/') ?? false;

function explained(reports: readonly StormReport[]): Finding {
  const verdicts = reports.flatMap(({ cycle, nodes }) => [
    ENDS.has(cycle.status) ? null : `${cycle.id} is still ${cycle.status}`,
    cycle.message || cycle.status === 'completed' ? null : `${cycle.id} ended as ${cycle.status} without a word`,
    ...nodes.map(({ name, stage, outcome, reason }) =>
      outcome !== null && reason ? null : `${name} of ${cycle.id}/${stage}: outcome ${outcome}, reason ${reason}`,
    ),
  ]);
  return finding('every cycle and every node has an explained end', verdicts);
}

/** What the service says it has sent was accepted, and has ended; a node that is called patched had its install. */
function nothingLost(ledger: Ledger, reports: readonly StormReport[]): Finding {
  const accepted = new Set(ledger.flatMap(({ kind, key }) => (kind === 'command-accepted' && key ? [key] : [])));
  const ended = new Set(
    ledger.flatMap(({ kind, key, node }) => (kind === 'command-ended' && key ? [`${key} ${node}`] : [])),
  );
  const started = ledger.filter(({ kind, key }) => kind === 'command-started' && isOurs(key));
  const verdicts = [
    ...reports.flatMap(({ operations }) =>
      operations
        .filter(({ kind, externalIds }) => kind === 'command' && externalIds.length > 0)
        .map(({ key }) => (accepted.has(key) ? null : `${key} was called sent, and no fleet accepted it`)),
    ),
    ...reports.flatMap(({ operations }) =>
      operations.map(({ key, status }) => (status === 'ended' ? null : `${key} was left ${status}`)),
    ),
    ...started.map(({ key, node }) => (ended.has(`${key} ${node}`) ? null : `${key} began on ${node} and did not end`)),
    ...reports.flatMap(({ cycle, nodes }) =>
      nodes
        .filter(({ outcome }) => outcome === 'patched')
        .map(({ node, name, stage }) =>
          started.some((entry) => entry.node === node && INSTALL.exec(entry.key ?? '')?.[1] === `${cycle.id}/${stage}`)
            ? null
            : `${name} is called patched by ${cycle.id}, and had no install`,
        ),
    ),
  ];
  return finding('nothing that was sent is lost', verdicts);
}

/** Whatever a fleet was asked to do, the service knows that it asked. */
function nothingUnknown(ledger: Ledger, reports: readonly StormReport[]): Finding {
  const known = new Set(reports.flatMap(({ operations }) => operations.map(({ key }) => key)));
  const stages = new Set(reports.map(({ cycle }) => cycle.id));
  const verdicts = ledger
    .filter(({ kind, key }) => kind === 'command-accepted' && stages.has(key?.split('/')[1] ?? ''))
    .map(({ key = '' }) => (known.has(key) || /\/scan-/.test(key) ? null : `${key} is in no report`));
  return finding('the service knows of everything that it did', verdicts);
}

/** A task before the install takes a node out of service; it is back after every task after it has begun. */
function inService(ledger: Ledger): Finding {
  const last = new Map<string, { before: number; after: number; key: string }>();
  for (const { kind, key, node = '', seq } of ledger) {
    const [, batch, step] =
      kind === 'command-started' ? (/^(.+\/w\d+\.b\d+)\.(before|after)-\d+$/.exec(key ?? '') ?? []) : [];
    if (batch === undefined || step === undefined) continue;
    const entry = last.get(`${batch} ${node}`) ?? { before: 0, after: 0, key: batch };
    last.set(`${batch} ${node}`, { ...entry, [step]: seq });
  }
  const verdicts = [...last].map(([where, { before, after }]) =>
    after > before ? null : `${where}: its before tasks ran, its after tasks did not`,
  );
  return finding('no node is left out of service', verdicts);
}
