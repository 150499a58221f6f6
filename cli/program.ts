import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import * as cycles from './commands/cycles.js';
import { decide } from './commands/decide.js';
import { doctor } from './commands/doctor.js';
import * as documents from './commands/documents.js';
import { halt } from './commands/halt.js';
import { importEstate } from './commands/import.js';
import * as nodes from './commands/nodes.js';
import { preview } from './commands/preview.js';
import * as records from './commands/records.js';
import { rollback } from './commands/rollback.js';
import { addCompletion } from './completion.js';
import { type Context, createContext, type GlobalOptions } from './context.js';
import { KIND_WORDS } from './documents.js';
import { EXIT, EXIT_CODES_EXPLAINED, type ExitCode } from './exit-codes.js';
import { asCommandError, asJson, explained } from './problems.js';
import { ROLES } from './routes.js';
import { coloursFor, type Terminal, widthOf } from './terminal.js';
import { CYCLE_STATUS_WORDS, NODE_OUTCOME_WORDS } from './words.js';

/**
 * Carries one command out. Never throws: what goes wrong is told on stderr (with `--json` as JSON).
 * @returns the exit code
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const failure = asCommandError(error);
    const { stderr, environment } = terminal;
    stderr.write(
      program.opts<GlobalOptions>().json
        ? `${JSON.stringify(asJson(failure))}\n`
        : explained(failure, coloursFor(stderr, environment), Math.min(100, widthOf(stderr))),
    );
    return failure.exitCode;
  }
}

/** All commands; `ended` is told the exit code of the one that was given. */
export function createProgram(terminal: Terminal, ended: (code: ExitCode) => void): Command {
  const program = new Command('patchtide')
    .description('Patching of fleets: plans, cycles, approvals. Knows the REST API and nothing else.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHelpWidth: () => Math.min(100, widthOf(terminal.stdout)),
      getErrHelpWidth: () => Math.min(100, widthOf(terminal.stderr)),
      getOutHasColors: () => coloursFor(terminal.stdout, terminal.environment).isColorSupported,
      getErrHasColors: () => coloursFor(terminal.stderr, terminal.environment).isColorSupported,
    })
    .showSuggestionAfterError()
    .option('--url <url>', 'address of the API (PATCHTIDE_URL)')
    .option('--api-key <key>', 'API key (PATCHTIDE_API_KEY, which other users of the machine cannot see)')
    .addOption(
      new Option('--as <role>', 'which key of the stack on this machine is used, where no other is given').choices(
        ROLES,
      ),
    )
    .option('--json', 'answers as JSON; events of watch as a line of JSON each')
    .addHelpText('after', `\n${EXIT_CODES_HELP}\n\n${CONNECTION_HELP}`);

  /** The action of a command: runs it with its context and its options, and tells how it ended. */
  const does =
    <Options>(work: (context: Context, options: Options, ...args: readonly string[]) => Promise<ExitCode>) =>
    async (...received: readonly unknown[]): Promise<void> => {
      const command = received.at(-1) as Command;
      const context = createContext(terminal, command.optsWithGlobals<GlobalOptions>());
      ended(await work(context, command.opts() as Options, ...(received.slice(0, -2) as string[])));
    };

  program
    .command('apply')
    .description('write documents: accounts first, plans last')
    .addOption(filesOption())
    .action(does(documents.apply));
  program
    .command('get')
    .description('the documents of a kind, or one as it was written')
    .argument('<kind>', KIND_WORDS.join(', '))
    .argument('[name]')
    .addOption(new Option('-o, --output <form>', 'form of the answer').choices(['yaml', 'json', 'table']))
    .option('--defaults', 'a plan with every default written out')
    .action(
      does<Parameters<typeof documents.get>[3]>((context, options, kind = '', name) =>
        documents.get(context, kind, name, options),
      ),
    );
  program
    .command('diff')
    .description('what apply would change, field by field; exit code 1 where something differs')
    .addOption(filesOption())
    .action(does(documents.diff));
  program
    .command('preview')
    .description('what a cycle of the plan would do, and when; changes nothing')
    .argument('<plan>')
    .action(does((context, _options, plan = '') => preview(context, plan)));

  const cycle = program.command('cycle').description('start, follow and steer cycles');
  const ofCycle = (name: string, description: string) =>
    cycle.command(name).description(description).argument('<cycle>');
  cycle
    .command('start')
    .description('start a cycle of a plan')
    .argument('<plan>')
    .addOption(reasonOption())
    .option('--reference <ticket>', 'the change ticket; carried everywhere')
    .option('--watch', 'follow it, and end as it ends')
    .addOption(untilOption())
    .addOption(idempotencyOption())
    .action(
      does<Parameters<typeof cycles.start>[2]>((context, options, plan = '') => cycles.start(context, plan, options)),
    );
  cycle
    .command('list')
    .description('the cycles, the newest first')
    .option('--plan <plan>', 'only of this plan')
    .addOption(new Option('--status <status>', 'only in this state').choices(CYCLE_STATUS_WORDS))
    .addOption(new Option('--limit <number>', 'how many').default(50).argParser(limit))
    .action(does(cycles.list));
  ofCycle('show', 'one cycle, as it is now').action(does((context, _options, id = '') => cycles.show(context, id)));
  ofCycle('nodes', 'the outcome of every node, and why')
    .option('--stage <stage>', 'only of this stage')
    .addOption(new Option('--outcome <outcome>', 'only with this outcome').choices(NODE_OUTCOME_WORDS))
    .action(
      does<Parameters<typeof cycles.nodes>[2]>((context, options, id = '') => cycles.nodes(context, id, options)),
    );
  ofCycle('watch', 'follow a cycle to its end, live; Ctrl-C leaves it alone')
    .addOption(untilOption())
    .action(
      does<Parameters<typeof cycles.watch>[2]>((context, options, id = '') => cycles.watch(context, id, options)),
    );
  for (const [act, description] of [
    ['pause', 'begin nothing new; what runs is finished'],
    ['resume', 'go on'],
    ['cancel', 'end it; what was begun is finished and put back in service'],
  ] as const) {
    ofCycle(act, description)
      .addOption(reasonOption())
      .addOption(idempotencyOption())
      .action(
        does<Parameters<typeof cycles.steer>[3]>((context, options, id = '') =>
          cycles.steer(context, act, id, options),
        ),
      );
  }
  ofCycle('answer', 'answer what it asks')
    .addOption(
      new Option(
        '--action <action>',
        'try the failed nodes again and go on, go on without them, end, or end after what the stage changed is rolled back',
      )
        .choices(['retry-failed', 'continue', 'stop', 'rollback'])
        .makeOptionMandatory(),
    )
    .addOption(reasonOption())
    .addOption(idempotencyOption())
    .action(
      does<Parameters<typeof cycles.answer>[2]>((context, options, id = '') => cycles.answer(context, id, options)),
    );
  ofCycle('rollback', 'restore the root volumes that nodes had before they were patched; paused or ended cycles only')
    .addOption(reasonOption())
    .option('--stage <stage>', 'only this stage; without it all of them')
    .addOption(new Option('--wave <number>', 'only this wave of the stage').argParser(wave))
    .option('--node <id...>', 'only these nodes')
    .addOption(idempotencyOption())
    .action(does<Parameters<typeof rollback>[2]>((context, options, id = '') => rollback(context, id, options)));
  ofCycle('report', 'all of a cycle for an auditor, in short; in full with --json').action(
    does((context, _options, id = '') => records.report(context, id)),
  );

  program
    .command('nodes')
    .description('the inventory: every node, its last scan, the cycle that has it in hand')
    .option('--set-aside', 'only nodes that are set aside, each with the reason')
    .option('--account <id>', 'only of this account')
    .option('--region <region>', 'only of this Region')
    .action(does(nodes.nodes));
  program
    .command('readmit')
    .description('take a node back that was set aside')
    .argument('<node>')
    .addOption(reasonOption())
    .addOption(idempotencyOption())
    .action(
      does<Parameters<typeof nodes.readmit>[2]>((context, options, id = '') => nodes.readmit(context, id, options)),
    );

  for (const [act, description] of [
    ['halt', 'no new work in any cycle, and no new cycles; what runs is finished'],
    ['unhalt', 'on again, everywhere'],
  ] as const) {
    program
      .command(act)
      .description(description)
      .addOption(reasonOption())
      .addOption(idempotencyOption())
      .action(does<Parameters<typeof halt>[2]>((context, options) => halt(context, act, options)));
  }

  for (const decision of ['approve', 'reject'] as const) {
    program
      .command(decision)
      .description(`${decision} what a stage is about to do, once it has been shown`)
      .argument('<cycle>')
      .argument('[stage]', 'without it the one that waits')
      .addOption(reasonOption())
      .option('--manifest <digest>', 'decide on this manifest, without being asked')
      .option('--yes', 'show the manifest, and do not ask')
      .addOption(idempotencyOption())
      .action(
        does<Parameters<typeof decide>[4]>((context, options, id = '', stage) =>
          decide(context, decision, id, stage, options),
        ),
      );
  }
  program
    .command('manifest')
    .description('what a stage is about to do: what an approver approves')
    .argument('<digest>')
    .action(does((context, _options, digest = '') => records.manifest(context, digest)));

  const patchSet = program.command('patch-set').description('the exact patches that stages have proven');
  const SET = 'a digest, or CYCLE/STAGE: what that stage proved';
  patchSet
    .command('show')
    .description('the patches of a set')
    .argument('<set>', SET)
    .action(does((context, _options, set = '') => records.showPatchSet(context, set)));
  patchSet
    .command('diff')
    .description('in what two sets differ; exit code 1 where they do')
    .argument('<set>', SET)
    .argument('<other>', SET)
    .action(does((context, _options, one = '', other = '') => records.diffPatchSets(context, one, other)));

  program
    .command('doctor')
    .description('what is reachable, which rights are missing in which account, what else patches the nodes')
    .argument('[accounts...]', 'names of Account documents; without them all')
    .option('--steps <step...>', 'only the rights of these steps, such as preview and scan; without it of all')
    .action(
      does<Parameters<typeof doctor>[2]>((context, options, ...accounts) => doctor(context, accounts.flat(), options)),
    );
  program
    .command('import')
    .description('documents for what SSM already has: maintenance windows, baselines, patch groups')
    .option('--account <name...>', 'names of Account documents; without it all')
    .option('--region <region...>', 'Regions of those accounts; without it all of theirs')
    .option('--file <file>', 'write the documents there instead of to stdout')
    .action(does(importEstate));

  addCompletion(program);
  return program;
}

const filesOption = () =>
  new Option(
    '-f, --filename <file...>',
    'YAML or JSON with one or more documents; - for standard input',
  ).makeOptionMandatory();
const reasonOption = () => new Option('--reason <sentence>', 'why; it goes into the audit trail').makeOptionMandatory();
const untilOption = () =>
  new Option('--until <what>', 'end as soon as it waits for an approval, with exit code 5').choices(['approval']);
const idempotencyOption = () =>
  new Option('--idempotency-key <key>', 'the same key with the same command is carried out once');

const wave = (value: string): number => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Give the number of a wave, from 1.');
  return number;
};

const limit = (value: string): number => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 500)
    throw new InvalidArgumentError('Give a number from 1 to 500.');
  return number;
};

const EXIT_CODES_HELP = [
  'Exit codes:',
  ...EXIT_CODES_EXPLAINED.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
].join('\n');

const CONNECTION_HELP = `Without --url and --api-key, and without PATCHTIDE_URL and PATCHTIDE_API_KEY, the stack of
PATCHTIDE_DATA (.patchtide) is used, with its key for the role that the command takes.
NO_COLOR=1 turns colours off. Answers go to stdout, progress and faults to stderr.`;
