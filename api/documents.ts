import { accountOf } from '../domain/documents/account.js';
import { baselineOf } from '../domain/documents/baseline.js';
import { planWithDefaults } from '../domain/documents/defaults.js';
import { parseDocument } from '../domain/documents/parse.js';
import { checkReferences, type KnownNames } from '../domain/documents/references.js';
import { resolvePlan } from '../domain/documents/resolve.js';
import { windowOf } from '../domain/documents/window.js';
import type { DocumentBody, DocumentKind, DocumentKinds } from '../store/index.js';
import type { ApiStore } from './ports.js';

/** The collections of documents, by their path. */
export const COLLECTIONS = {
  accounts: 'account',
  windows: 'window',
  baselines: 'baseline',
  plans: 'plan',
} as const satisfies Record<string, DocumentKind>;

/** What each kind is called in documents. */
export const KIND_NAMES = {
  account: 'Account',
  window: 'MaintenanceWindow',
  baseline: 'PatchBaseline',
  plan: 'PatchPlan',
} as const satisfies Record<DocumentKind, string>;

type Read = {
  readonly [Kind in DocumentKind]: (value: unknown, name: string, known: KnownNames) => DocumentBody<Kind>;
};

/** The store gives versions; what is kept does not repeat them. */
const withoutVersion = <Resolved extends { readonly version: number }>({
  version: _version,
  ...resolved
}: Resolved): Omit<Resolved, 'version'> => resolved;

const READ: Read = {
  account: (value, name) => {
    const written = parseDocument(value, 'Account', name);
    return { written, resolved: accountOf(written) };
  },
  window: (value, name) => {
    const written = parseDocument(value, 'MaintenanceWindow', name);
    return { written, resolved: withoutVersion(windowOf(written, 0)) };
  },
  baseline: (value, name) => {
    const written = parseDocument(value, 'PatchBaseline', name);
    return { written, resolved: withoutVersion(baselineOf(written, 0)) };
  },
  plan: (value, name, known) => {
    const written = parseDocument(value, 'PatchPlan', name);
    checkReferences(written, known);
    return { written, resolved: withoutVersion(resolvePlan(written, 0, known)) };
  },
};

/**
 * Reads a document that was sent to the place of this name, with every default written out.
 * @throws DocumentError
 */
export async function readDocument<Kind extends DocumentKind>(
  store: Pick<ApiStore, 'documents'>,
  kind: Kind,
  name: string,
  value: unknown,
): Promise<DocumentBody<Kind>> {
  return READ[kind](value, name, await knownNames(store));
}

async function knownNames(store: Pick<ApiStore, 'documents'>): Promise<KnownNames> {
  const names = async (kind: DocumentKind) => (await store.documents(kind)).map(({ name }) => name);
  const [accounts, windows, baselines] = await Promise.all([names('account'), names('window'), names('baseline')]);
  return { accounts, windows, baselines };
}

/** A document with every default written out; kinds other than plans have none to write. */
export const withDefaults = <Kind extends DocumentKind>(
  kind: Kind,
  document: DocumentBody<Kind> & { readonly version: number },
): unknown =>
  kind === 'plan'
    ? planWithDefaults({ ...(document.resolved as DocumentKinds['plan']), version: document.version })
    : document.written;

/** The plans that name a document. */
export async function plansThatUse(
  store: Pick<ApiStore, 'documents'>,
  kind: Exclude<DocumentKind, 'plan'>,
  name: string,
): Promise<readonly string[]> {
  const plans = await store.documents('plan');
  return plans.filter(({ resolved }) => uses(resolved, kind, name)).map((plan) => plan.name);
}

const uses = (plan: DocumentKinds['plan'], kind: Exclude<DocumentKind, 'plan'>, name: string): boolean => {
  switch (kind) {
    case 'account':
      return plan.nodes.accounts?.includes(name) ?? false;
    case 'window':
      return plan.stages.some(({ window }) => window === name);
    case 'baseline':
      return plan.stages.some(({ baseline }) => baseline === name);
  }
};
