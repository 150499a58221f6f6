import { stringify } from 'yaml';
import { answerJson, type Context } from '../context.js';
import { type Difference, differences } from '../differences.js';
import { type FileDocument, KINDS, kindNamed, readDocuments } from '../documents.js';
import { ApiProblem, CommandError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../render/table.js';
import { counted, shortened } from '../render/text.js';
import { localTime } from '../render/time.js';

/** `apply`: writes every document, accounts first and plans last; the first refusal ends it. */
export async function apply(
  context: Context,
  { filename }: { readonly filename: readonly string[] },
): Promise<ExitCode> {
  const documents = await readDocuments(filename, context.terminal);
  const api = context.as('admin');
  const written = [];
  for (const [at, { file, line, kind, name, text }] of documents.entries()) {
    try {
      const answer = await api.call(KINDS[kind].routes.write, { parameters: { name }, yaml: text });
      written.push(answer);
      if (!context.json) context.answer(`${kind} ${context.colours.bold(name)}: ${didTo(answer)}`);
    } catch (error) {
      const rest = documents.length - at - 1;
      context.say(
        `${kind} ${name} (${file}, line ${line}) was refused${rest > 0 ? `; ${counted(rest, 'document')} after it not sent` : ''}.`,
      );
      throw error;
    }
  }
  if (context.json) answerJson(context, written);
  return EXIT.done;
}

const didTo = ({ changed, version }: { changed: boolean; version: number }): string =>
  changed ? `version ${version}${version === 1 ? ', new' : ''}` : `version ${version}, as it was`;

interface GetOptions {
  readonly output?: 'yaml' | 'json' | 'table';
  readonly defaults?: true;
}

/** `get`: the documents of a kind as a table, or one as it was written. */
export async function get(
  context: Context,
  word: string,
  name: string | undefined,
  options: GetOptions,
): Promise<ExitCode> {
  const { routes } = KINDS[kindNamed(word)];
  const output = options.output ?? (context.json ? 'json' : name === undefined ? 'table' : 'yaml');
  const api = context.as('viewer');
  if (name !== undefined) {
    if (output === 'table')
      throw new CommandError('One document is no table.', 'Leave -o out, or choose yaml or json.', EXIT.usage);
    const query = options.defaults ? ({ expand: 'defaults' } as const) : {};
    const found = await api.call(routes.one, { parameters: { name }, query });
    context.answer(output === 'json' ? JSON.stringify(found, null, 2) : stringify(found, { lineWidth: 120 }).trimEnd());
    return EXIT.done;
  }
  const found = [];
  for await (const each of api.every<Listed, typeof routes.list>(routes.list)) found.push(each);
  if (output === 'json') answerJson(context, found);
  else if (output === 'yaml')
    context.answer(
      found
        .map(({ document }) => stringify(document, { lineWidth: 120 }))
        .join('---\n')
        .trimEnd(),
    );
  else if (found.length === 0) context.say(`There are no ${word}.`);
  else
    context.answer(
      table(
        [
          { title: 'NAME', givesWay: true },
          { title: 'VERSION', numbers: true },
          { title: 'WRITTEN' },
          { title: 'BY', givesWay: true },
        ],
        found.map(({ name, version, at, by }) => [name, String(version), localTime(at, context.clock()), by]),
        context,
      ),
    );
  return EXIT.done;
}
interface Listed {
  readonly name: string;
  readonly version: number;
  readonly by: string;
  readonly at: string;
  readonly document: unknown;
}

/** `diff`: what apply would change, field by field. Ends with 1 where something differs. */
export async function diff(
  context: Context,
  { filename }: { readonly filename: readonly string[] },
): Promise<ExitCode> {
  const documents = await readDocuments(filename, context.terminal);
  const api = context.as('viewer');
  const found = [];
  for (const each of documents) {
    const parameters = { name: each.name };
    const there = await api.call(KINDS[each.kind].routes.one, { parameters }).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.problem.code === 'not-found') return null;
      throw error;
    });
    found.push({ ...each, isNew: there === null, differences: there === null ? [] : differences(there, each.value) });
  }
  if (context.json)
    answerJson(
      context,
      found.map(({ kind, name, isNew, differences }) => ({ kind, name, new: isNew, differences })),
    );
  else for (const each of found) context.answer(changesOf(each, context));
  return found.some(({ isNew, differences }) => isNew || differences.length > 0) ? EXIT.fault : EXIT.done;
}

const changesOf = (
  { kind, name, isNew, differences }: FileDocument & { isNew: boolean; differences: readonly Difference[] },
  { colours, width }: Context,
): string => {
  const title = `${kind} ${colours.bold(name)}`;
  if (isNew) return `${title}: ${colours.green('new')}`;
  if (differences.length === 0) return `${title}: ${colours.dim('the same')}`;
  const room = Math.max(20, width - 4);
  const fields = differences.map(({ path, before, after }) =>
    [
      `  ${path}`,
      ...(before === undefined ? [] : [colours.red(`    - ${shortened(valueText(before), room)}`)]),
      ...(after === undefined ? [] : [colours.green(`    + ${shortened(valueText(after), room)}`)]),
    ].join('\n'),
  );
  return [
    `${title}: ${counted(differences.length, 'field')} ${differences.length === 1 ? 'differs' : 'differ'}`,
    ...fields,
  ].join('\n');
};

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
