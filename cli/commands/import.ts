import { writeFile } from 'node:fs/promises';
import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { counted, wrapped } from '../render/text.js';
import { ROUTES } from '../routes.js';

interface ImportOptions {
  readonly account?: readonly string[];
  readonly region?: readonly string[];
  readonly file?: string;
}

/**
 * `import`: documents for what SSM already has. The documents go to stdout (or to a file), what could not be carried over to
 * stderr. Nothing is written to the API: a person reads the documents, and applies them.
 */
export async function importEstate(context: Context, { account, region, file }: ImportOptions): Promise<ExitCode> {
  const route = ROUTES.import;
  const body = { ...(account && { accounts: [...account] }), ...(region && { regions: [...region] }) };
  const found = await context.as(route.role).call(route, { body });
  if (file !== undefined) await writeFile(file, found.documents);
  if (context.json) {
    answerJson(context, found);
    return EXIT.done;
  }
  if (file === undefined && found.documents !== '') context.terminal.stdout.write(found.documents);
  const { read, written } = found;
  context.say(
    `Read: ${counted(read.windows, 'window')}, ${counted(read.tasks, 'task')}, ${counted(read.baselines, 'baseline')}, ${counted(read.patchGroups, 'patch group')}, ${counted(read.nodes, 'node')} in ${counted(read.locations, 'location')}.`,
  );
  context.say(
    `Documents: ${counted(written.windows, 'window')}, ${counted(written.baselines, 'baseline')}, ${counted(written.plans, 'plan')}${file === undefined ? '' : ` in ${file}`}.`,
  );
  for (const { consequence, account: name, region: where, subject, message, advice } of found.findings) {
    const place = [name, where].filter(Boolean).join(' ');
    context.say(`\n${consequence.replaceAll('-', ' ')}: ${subject}${place === '' ? '' : ` (${place})`}`);
    for (const line of [...wrapped(message, 100), ...wrapped(advice, 100)]) context.say(`  ${line}`);
  }
  if (file !== undefined && found.documents !== '')
    context.say(`\nRead them, then: patchtide diff -f ${file}; patchtide apply -f ${file}`);
  return EXIT.done;
}
