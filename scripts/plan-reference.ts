import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { documentSchemas } from '../domain/documents/parse.js';

/*
 * The tables of docs/plan-reference.md, from the schemas that documents are checked with, so that a document is refused in
 * the words of its reference. After a change of a field: npm run build && node dist/scripts/plan-reference.js
 */

type Schema = z.core.$ZodType;
export type Kind = keyof typeof documentSchemas;

/** A field of a document, by its path: `spec.stages[].soak`. */
export interface DocumentField {
  readonly path: string;
  /** `in-its-form`: required where that one of several forms is chosen. */
  readonly required: 'always' | 'in-its-form' | 'no';
  readonly description: string;
  readonly example: string | null;
  /** Reserved: refused, with a sentence that says so. */
  readonly notYet: boolean;
}

/** What a field means that is left out. Tasks are alike wherever they stand. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  'spec.externalId': 'none is sent',
  'spec.pendingSnapshots': '`100`',
  'spec.schedule.plusDays': '`0`',
  'spec.timezone': 'required, but for `always: true`',
  'spec.duration': '`PT4H`, and `PT1H` for every 50 nodes of the window, begun ones counted; at most `PT24H`',
  'spec.cutoff': '`PT1H`',
  'spec.approved': '`[]`',
  'spec.rejected': '`[]`',
  'spec.start': 'started by hand',
  'spec.start.plusDays': '`0`',
  'spec.nodes': 'its fields without them',
  'spec.nodes.accounts': '`all`',
  'spec.nodes.regions': '`all`',
  'spec.nodes.tags': '`{ Application: <plan> }`',
  'spec.stages[].patchGroups': '`[<plan>-<stage>]`',
  'spec.stages[].baseline': 'the baseline named after the stage, else `everything`',
  'spec.stages[].window': "`from-tag`: the window in the node's tag, else the window `default`",
  'spec.stages[].waves': 'its fields without them',
  'spec.stages[].waves.by': '`zone`',
  'spec.stages[].waves.regions': '`parallel`',
  'spec.stages[].waves.maxUnavailable': '`25%`',
  'spec.stages[].waves.pauseAfterFailures': '`10%`',
  'spec.stages[].carryOver': 'its fields without them',
  'spec.stages[].carryOver.windows': '`3`',
  'spec.stages[].carryOver.doneAt': '`100%`',
  'spec.stages[].snapshot': '`await`; in a stage named `dev` `none`',
  'spec.stages[].keepSnapshots': '`P14D`',
  'spec.stages[].tasks': 'no tasks',
  'spec.stages[].tasks.beforeStage': '`[]`',
  'spec.stages[].tasks.beforeNode': '`[]`',
  'spec.stages[].tasks.afterNode': '`[]`',
  'spec.stages[].tasks.afterStage': '`[]`',
  'spec.stages[].tasks.*[].kind': '`command`',
  'spec.stages[].tasks.*[].os': 'every node',
  'spec.stages[].tasks.*[].parameters': '`{}`',
  'spec.stages[].tasks.*[].timeout': '`PT10M`',
  'spec.stages[].onHung': '`set-aside`',
  'spec.stages[].reboot': '`if-needed`',
  'spec.stages[].stopped': '`skip`',
  'spec.stages[].timeouts': 'its fields without them',
  'spec.stages[].timeouts.install': '`PT2H`',
  'spec.stages[].timeouts.snapshot': '`PT1H`',
  'spec.stages[].soak': '`P7D`; in the last stage `PT0S`',
  'spec.stages[].health': 'nothing',
  'spec.stages[].health.settle': '`PT0S`',
  'spec.stages[].health.within': '`PT15M`',
  'spec.stages[].health.checks': '`[]`',
  'spec.stages[].health.checks[].expect': '`200`',
  'spec.stages[].health.checks[].os': '`linux`',
  'spec.stages[].health.checks[].timeout': '`PT30S`',
  'spec.stages[].approval': '`none`; in the last stage its fields without them',
  'spec.stages[].approval.roles': '`[approver]`',
  'spec.stages[].approval.quorum': '`1`',
  'spec.stages[].approval.decideWithin': '`P3D`',
  'spec.stages[].onFailure': '`ask`',
  'spec.stages[].surplus': '`ask`',
};

/** Every field of a kind of document below `metadata` and `spec`, in the order of its schema. */
export function fieldsOf(kind: Kind): readonly DocumentField[] {
  const { metadata, spec } = documentSchemas[kind].shape;
  const found = [...inside('metadata', metadata, false), ...inside('spec', spec, false)];
  return [...new Map(found.map((field) => [field.path, field])).values()];
}

/** The table of a kind, as Markdown. */
export const tableOf = (kind: Kind): string =>
  [
    '| field | what it takes | without it | example |',
    '|---|---|---|---|',
    ...fieldsOf(kind).map((field) => `| ${cells(field).join(' | ')} |`),
  ].join('\n');

/** A text with each table between its marks (`<!-- fields: Account -->` and `<!-- end -->`) written anew. */
export const withTables = (text: string): string =>
  text.replaceAll(
    /(<!-- fields: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_whole, opening: string, kind: string, end: string) => `${opening}\n${tableOf(kind as Kind)}\n\n${end}`,
  );

function cells({ path, required, description, example, notYet }: DocumentField): string[] {
  // Some descriptions end with their default, for the faults that they are shown in; here it has a column of its own.
  const expected = description.replace(/(;|\.)? [^;.]*\bwithout it\b.*$|\. Without it .*$/, '');
  return [
    `\`${path}\``,
    escaped(expected),
    notYet ? 'reserved: refused' : withoutIt(path, required),
    example === null ? '' : `\`${escaped(example)}\``,
  ];
}

function withoutIt(path: string, required: DocumentField['required']): string {
  if (required === 'always') return '**required**';
  if (required === 'in-its-form') return 'required in its form';
  const meaning = DEFAULTS[path];
  if (meaning === undefined) throw new Error(`${path} may be left out: say in DEFAULTS what that means.`);
  return meaning;
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function field(path: string, schema: Schema, inForm: boolean): DocumentField[] {
  const { inner, optional } = withoutOptional(schema);
  const {
    description,
    'x-example': example,
    'x-not-yet': notYet,
  } = { ...z.globalRegistry.get(inner), ...z.globalRegistry.get(schema) } as z.core.GlobalMeta;
  const own: DocumentField = {
    path,
    required: optional ? 'no' : inForm ? 'in-its-form' : 'always',
    description: String(description ?? ''),
    example: example === undefined ? null : String(example as string | number | boolean),
    notYet: notYet === true,
  };
  return [own, ...inside(path, inner, false)];
}

/** The fields within a field; of a union, those of all its forms. */
function inside(path: string, schema: Schema, inForm: boolean): DocumentField[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'union') {
    const forms = def.options.filter((option) => (option as z.core.$ZodTypes)._zod.def.type === 'object').length;
    return def.options.flatMap((option) => inside(path, option, forms > 1));
  }
  if (def.type === 'array') return inside(`${path.replace(/(before|after)(Stage|Node)$/, '*')}[]`, def.element, false);
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([name, inner]) => field(`${path}.${name}`, inner, inForm));
}

function withoutOptional(schema: Schema): { readonly inner: Schema; readonly optional: boolean } {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === 'optional' ? { inner: def.innerType, optional: true } : { inner: schema, optional: false };
}

if (process.argv[1]?.endsWith('plan-reference.js')) {
  const reference = new URL('../../docs/plan-reference.md', import.meta.url);
  writeFileSync(reference, withTables(readFileSync(reference, 'utf8')));
}
