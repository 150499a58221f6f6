import { describe, expect, jest, test } from '@jest/globals';
import { EXIT_CODES_EXPLAINED } from '../../cli/exit-codes.js';
import { createProgram } from '../../cli/program.js';
import { Captured, patchtide } from './terminal.js';

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
