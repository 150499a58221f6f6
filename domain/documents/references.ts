import { DocumentError, excerpt, type Fault } from './errors.js';
import { nearest } from './nearest.js';
import type { ParsedDocument } from './parse.js';
import { ALL, asStage } from './plan.js';
import { EVERYTHING, FROM_TAG } from './stage.js';

/** The names of the documents there are. */
export interface KnownNames {
  readonly accounts: readonly string[];
  readonly windows: readonly string[];
  readonly baselines: readonly string[];
}

/**
 * Refuses a document that names what nothing bears.
 * @throws DocumentError `document-unknown-name`
 */
export function checkReferences(document: ParsedDocument, known: KnownNames): void {
  if (document.kind !== 'PatchPlan') return;
  const { nodes, stages } = document.spec;
  const faults: Fault[] = [];
  const require = (path: string, what: string, name: string, names: readonly string[]) => {
    if (!names.includes(name)) faults.push(unknownName(path, what, name, names));
  };
  if (nodes?.accounts !== undefined && nodes.accounts !== ALL)
    for (const [index, name] of nodes.accounts.entries())
      require(`spec.nodes.accounts[${index}]`, 'Account', name, known.accounts);
  for (const [index, written] of stages.entries()) {
    const { window = FROM_TAG, baseline = EVERYTHING } = asStage(written);
    const at = `spec.stages[${index}]`;
    if (window !== FROM_TAG) require(`${at}.window`, 'MaintenanceWindow', window, known.windows);
    if (baseline !== EVERYTHING) require(`${at}.baseline`, 'PatchBaseline', baseline, known.baselines);
  }
  if (faults.length > 0) throw new DocumentError('document-unknown-name', faults);
}

function unknownName(path: string, what: string, name: string, names: readonly string[]): Fault {
  const near = nearest(name, names);
  return {
    path,
    message: `there is no ${what} of this name`,
    expected: names.length === 0 ? `a ${what} that was applied before` : `one of ${names.slice(0, 20).join(', ')}`,
    found: excerpt(name),
    ...(near === null ? {} : { nearest: near }),
  };
}
