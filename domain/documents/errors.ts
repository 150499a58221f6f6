/** One thing that is wrong with a document, and what would be right. */
export interface Fault {
  /** Which of several documents, as far as it says so itself: `PatchPlan storefront`, `document 3`. */
  readonly document?: string;
  /** The field: `spec.stages[1].soak`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  readonly expected: string;
  readonly found?: string;
  /** The right spelling that was probably meant. */
  readonly nearest?: string;
  readonly example?: string;
}

/**
 * `document-syntax`: not YAML or JSON, or of a form that is refused (aliases that multiply, tags, duplicate keys).
 * `document-too-large`: more than a document may hold. `document-invalid`: fields that are wrong.
 * `document-unknown-name`: it names an account, window or baseline that there is not.
 * `document-not-carried-out`: it asks for something that is reserved and not carried out yet.
 */
export type DocumentErrorCode =
  | 'document-syntax'
  | 'document-too-large'
  | 'document-invalid'
  | 'document-unknown-name'
  | 'document-not-carried-out';

/** A document is refused, and nothing was changed. `faults` has at least one entry, in the order of the document. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly code: DocumentErrorCode;
  readonly faults: readonly Fault[];
  constructor(code: DocumentErrorCode, faults: readonly Fault[]) {
    super(faults.map(sentenceOf).join('\n'));
    this.code = code;
    this.faults = faults;
  }
}

/** A fault in one line: `PatchPlan storefront: spec.stages[1].soack: there is no such field (did you mean soak?)`. */
export function sentenceOf({ document, path, message, expected, nearest }: Fault): string {
  const hint = nearest === undefined ? `expected: ${expected}` : `did you mean ${nearest}?`;
  return `${[document, path, message].filter(Boolean).join(': ')} (${hint})`;
}

const LONGEST_EXCERPT = 80;

/** A value as it is shown in a fault. */
export function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text;
}
