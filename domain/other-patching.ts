import type { OtherPatchingAnswer, OtherPatchingKind } from './doctor/report.js';
import type { ManagedNode } from './fleet.js';
import type { Location } from './ids.js';
import { isKnown, type Selector, selectedBy } from './selectors.js';

/*
 * What else patches nodes: native maintenance windows with patch tasks, State Manager associations, and the patch policies of
 * Quick Setup, which are associations under names of their own.
 */

/** AWS's documents that scan for patches or install them (Systems Manager user guide: documents for patching). */
const DOCUMENTS: Readonly<Record<string, 'scan' | 'install' | 'by-parameter'>> = {
  'AWS-RunPatchBaseline': 'by-parameter',
  'AWS-RunPatchBaselineWithHooks': 'by-parameter',
  'AWS-RunPatchBaselineAssociation': 'by-parameter',
  'AWS-ApplyPatchBaseline': 'by-parameter',
  'AWS-FindWindowsUpdates': 'scan',
  'AWS-InstallWindowsUpdates': 'install',
  'AWS-InstallMissingWindowsUpdates': 'install',
  'AWS-InstallSpecificWindowsUpdates': 'install',
  'AWS-PatchInstanceWithRollback': 'install',
  'AWS-PatchAsgInstance': 'install',
};

/** Quick Setup names the associations of its patch policies so. */
const PATCH_POLICY = 'AWS-QuickSetup-PatchPolicy';

/** A document's own name, whether AWS gives it by name, by ARN, or with a version. */
export const documentName = (document: string): string =>
  document.replace(/^arn:.*\/([^/]+)$/, '$1').replace(/:.*$/, '');

export const isPatchDocument = (document: string): boolean => Object.hasOwn(DOCUMENTS, documentName(document));

export const kindOfAssociation = (name: string): OtherPatchingKind =>
  name.startsWith(PATCH_POLICY) ? 'patch-policy' : 'association';

/** What a document does with these parameters; AWS's `Operation` is `Scan` or `Install`. */
export function operationOf(
  document: string,
  parameters: Readonly<Record<string, readonly string[]>>,
): OtherPatchingAnswer['operation'] {
  const by = DOCUMENTS[documentName(document)] ?? 'by-parameter';
  if (by !== 'by-parameter') return by;
  const asked = parameters.Operation?.[0]?.toLowerCase();
  return asked === 'scan' || asked === 'install' ? asked : 'unknown';
}

/** Something of an account's own that patches nodes. */
export interface OtherPatching extends Location {
  readonly kind: OtherPatchingKind;
  readonly id: string;
  readonly name: string;
  readonly documents: readonly string[];
  readonly operation: OtherPatchingAnswer['operation'];
  /** A node is meant where all targets of one of these groups mean it. */
  readonly targets: readonly (readonly Selector[])[];
}

/** The nodes that it means; null where they cannot be told from here, as with a resource group. */
export function meantBy(
  { account, region, targets }: OtherPatching,
  nodes: readonly ManagedNode[],
): ManagedNode[] | null {
  const here = nodes.filter((node) => node.account === account && node.region === region);
  return selectedBy(targets, here);
}

export const otherPatchingAnswer = (other: OtherPatching, nodes: readonly ManagedNode[]): OtherPatchingAnswer => ({
  kind: other.kind,
  id: other.id,
  name: other.name,
  documents: other.documents,
  operation: other.operation,
  nodes: meantBy(other, nodes)?.length ?? null,
});

const KINDS: Readonly<Record<OtherPatchingKind, string>> = {
  'maintenance-window': 'The SSM maintenance window',
  association: 'The State Manager association',
  'patch-policy': 'The patch policy of Quick Setup, association',
};
const DOES: Readonly<Record<OtherPatchingAnswer['operation'], string>> = {
  install: 'installs patches on',
  scan: 'scans',
  unknown: 'scans or patches',
};

/** A sentence for people; null where it means none of these nodes. `whose` stands behind the count: "of this plan". */
export function otherPatchingSentence(
  other: OtherPatching,
  nodes: readonly ManagedNode[],
  place: string,
  whose: string,
): string | null {
  const meant = meantBy(other, nodes);
  if (meant?.length === 0) return null;
  const what = `${KINDS[other.kind]} ${other.name} (${other.id}) in ${place}`;
  const how = DOES[other.operation];
  const documents = other.documents.join(', ');
  if (meant === null)
    return `${what} ${how} nodes by ${documents}; which ones cannot be told from here, since it targets ${unknownTargets(other)}.`;
  return `${what} ${how} ${meant.length} ${meant.length === 1 ? 'node' : 'nodes'} ${whose} by ${documents}.`;
}

const unknownTargets = ({ targets }: OtherPatching): string =>
  [...new Set(targets.flat().filter((selector) => !isKnown(selector)))]
    .map(({ key, values }) => `${key.startsWith('resource-groups:') ? 'resource group' : key} ${values.join(', ')}`)
    .join('; ');
