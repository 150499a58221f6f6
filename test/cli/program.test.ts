import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { EXIT_CODES_EXPLAINED } from '../../cli/exit-codes.js';
import { createProgram } from '../../cli/program.js';
import { Captured, patchtide } from './terminal.js';

/** Commands that the page names together with another. */
const STANDS_WITH: Readonly<Record<string, string>> = {
  'cycle resume': 'cycle pause',
  'cycle cancel': 'cycle pause',
  reject: 'approve',
  unhalt: 'halt',
};

describe('patchtide', () => {
  test('explains itself on stdout, with every exit code', async () => {
    const { code, stdout } = await patchtide(['--help']);
    expect(code).toBe(0);
    for (const [number, meaning] of EXIT_CODES_EXPLAINED) expect(stdout).toContain(`${number}  ${meaning}`);
  });

  test('says which command was meant: 64', async () => {
    const { code, stdout, stderr } = await patchtide(['aply']);
    expect([code, stdout, stderr]).toEqual([64, '', expect.stringContaining('Did you mean apply?')]);
  });

  test('without a command explains itself on stderr: 64', async () => {
    const { code, stderr } = await patchtide([]);
    expect([code, stderr]).toEqual([64, expect.stringContaining('Usage: patchtide')]);
  });

  test('has a description of every command and option', () => {
    const program = createProgram(new Proxy({ stdout: new Captured() } as never, {}), () => undefined);
    const all = (command: typeof program): readonly string[] =>
      [command.description(), ...command.options.map(({ description }) => description)].concat(
        ...command.commands.map((inner) => all(inner)),
      );
    expect(all(program)).not.toContain('');
  });

  test('is described in docs/command-line.md, with every command, option and exit code', () => {
    const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8').replaceAll('\\|', '|');
    const program = createProgram({ stdout: new Captured() } as never, () => undefined);
    const namesOf = (command: typeof program, before: string): readonly string[] =>
      command.commands.length === 0
        ? [`${before}${command.name()}`]
        : command.commands.flatMap((inner) => namesOf(inner, `${before}${command.name()} `));
    const names = program.commands
      .filter((command) => command.name() !== 'complete')
      .flatMap((each) => namesOf(each, ''));
    const described = (name: string) => page.includes(`\`${name}`) || STANDS_WITH[name] !== undefined;
    expect(names.filter((name) => !described(name))).toEqual([]);
    const optionsOf = (command: typeof program): readonly string[] => [
      ...command.options.map(({ short, long }) => short ?? long ?? ''),
      ...command.commands.flatMap(optionsOf),
    ];
    expect(optionsOf(program).filter((option) => !page.includes(option))).toEqual([]);
    for (const [code] of EXIT_CODES_EXPLAINED) expect(page).toContain(`\n| ${code} | `);
  });

  test.each(['bash', 'zsh', 'fish'])('completes in %s', async (shell) => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const { code } = await patchtide(['completion', shell]);
    const script = log.mock.calls.flat().join('\n');
    log.mockRestore();
    expect([code, script]).toEqual([0, expect.stringContaining('patchtide complete --')]);
  });

  test.each([
    [['cycle', ''], 'watch'],
    [['get', ''], 'plans'],
    [['cycle', 'list', '--status', ''], 'completed-with-failures'],
  ])('completes %j', async (words, expected) => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    await patchtide(['complete', '--', ...words]);
    const told = log.mock.calls.flat().join('\n');
    log.mockRestore();
    expect(told).toContain(expected);
  });
});
