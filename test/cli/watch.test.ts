import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CycleId, Instant, StageName } from '../../domain/ids.js';
import { startCycle } from '../api/examples.js';
import { approval, cycle } from './example-cycle.js';
import { useListeningService } from './service.js';
import {
  breaksOff,
  type Connection,
  cycleIs,
  isUnavailable,
  type ScriptedApi,
  scriptedApi,
  stageIs,
  streams,
} from './sse.js';
import { Captured, type Given, patchtide } from './terminal.js';

const CYCLE = 'storefront-1' as CycleId;

let api: ScriptedApi | null = null;
afterEach(async () => {
  await api?.close();
  api = null;
});

/** Watches a cycle whose events come as the script says, and which then is as it is said to be. */
const watch = async (
  script: readonly Connection[],
  {
    args = [],
    answer = cycle({ status: 'completed' }),
    ...given
  }: Given & { args?: readonly string[]; answer?: object } = {},
) => {
  api = await scriptedApi(() => answer, script);
  const environment = { PATCHTIDE_URL: api.url, PATCHTIDE_API_KEY: 'a-key-of-the-tests', ...given.environment };
  return patchtide(['cycle', 'watch', 'storefront-1', ...args], { ...given, environment });
};

describe('cycle watch, not on a terminal,', () => {
  test('writes a line for each change, and the picture at the end', async () => {
    const { code, stdout } = await watch([
      streams(cycleIs(1, 'running'), stageIs(2, 'dev', 'patching'), cycleIs(3, 'completed')),
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      '18:29:00  cycle running',
      '18:29:00  dev patching',
      '18:29:00  cycle completed',
      '',
      'storefront-1  ✔ completed  30 min  CHG-1042',
    ]);
    expect(stdout).not.toContain('\u001b');
  });

  test('writes each event as a line of JSON with --json', async () => {
    const { stdout } = await watch([streams(stageIs(1, 'dev', 'patching'), cycleIs(2, 'completed'))], {
      args: ['--json'],
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { id: 1, event: 'stage', data: { stage: 'dev', status: 'patching' } },
      { id: 2, event: 'cycle', data: { status: 'completed' } },
    ]);
  });

  test('comes back after the last event it saw when the stream breaks off, and tells nothing twice', async () => {
    const { code, stdout, stderr } = await watch([
      breaksOff(cycleIs(1, 'running'), stageIs(2, 'dev', 'patching')),
      isUnavailable,
      streams(stageIs(2, 'dev', 'patching'), cycleIs(3, 'completed')),
    ]);
    expect(code).toBe(0);
    expect(api?.asked).toEqual([null, '2', '2']);
    expect(stdout.match(/dev patching/g)).toHaveLength(1);
    expect(stderr).toContain('Trying again; the cycle goes on.');
    expect(stderr).toContain('In contact again.');
  });

  test('goes on where the stream ends before the cycle does, as when an API is replaced', async () => {
    const { code } = await watch([streams(cycleIs(1, 'running')), streams(cycleIs(2, 'completed'))]);
    expect([code, api?.asked]).toEqual([0, [null, '1']]);
  });

  test.each([
    ['completed', 0],
    ['completed-with-failures', 3],
    ['failed', 3],
    ['cancelled', 2],
    ['rejected', 2],
  ] as const)('ends with the code of a cycle that is %s: %i', async (status, code) => {
    expect((await watch([streams(cycleIs(1, status))], { answer: cycle({ status }) })).code).toBe(code);
  });

  test('ends with 5 when an approval is awaited, where that was asked for', async () => {
    const waits = cycle({ waitingFor: approval });
    const script = [streams(cycleIs(1, 'running', approval))];
    const { code, stdout } = await watch(script, { args: ['--until', 'approval'], answer: waits });
    expect(code).toBe(5);
    expect(stdout).toContain('Waits for approval of prod  until Wed 25 Nov 2026, 18:30 UTC (in 3 d)');
    expect(stdout).toContain('patchtide approve storefront-1 prod --reason "…"');
  });

  test('does not take an approval that was given long ago for one that is awaited', async () => {
    const script = [streams(cycleIs(1, 'running', approval), cycleIs(2, 'running'), cycleIs(3, 'completed'))];
    expect((await watch(script, { args: ['--until', 'approval'] })).code).toBe(0);
  });

  test('leaves the cycle alone when it is interrupted: 130', async () => {
    const interrupt = new AbortController();
    const { code, stderr } = await watch(
      [
        (answer) => {
          answer.setHeader('content-type', 'text/event-stream').write(cycleIs(1, 'running'), () => interrupt.abort());
        },
      ],
      { interrupted: interrupt.signal },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('storefront-1 goes on. Come back with: patchtide cycle watch storefront-1');
  });
});

describe('cycle watch on a terminal', () => {
  const terminal = (columns: number, rows = 40) => new Captured({ isTTY: true, columns, rows });
  /** The frames that were drawn, without colours. */
  const framesOf = ({ text }: Captured): readonly string[] =>
    text
      .split('\u001b[?2026h')
      .slice(1)
      .map((frame) => stripVTControlCharacters(frame));

  test.each([80, 120])('draws frames that fit %i columns, over one another', async (columns) => {
    const stdout = terminal(columns);
    const answer = cycle({ waitingFor: { ...approval, kind: 'window', message: 'A window opens.' } });
    const script = [streams(stageIs(1, 'test', 'patching'), cycleIs(2, 'completed'))];
    await watch(script, { stdout, answer });
    const frames = framesOf(stdout);
    for (const line of frames.flatMap((frame) => frame.split('\n')))
      expect(Array.from(line).length).toBeLessThan(columns);
    expect(frames.at(-1)).toMatchSnapshot();
  });

  test('fits a low terminal: waves that are done or not begun give way', async () => {
    const stdout = terminal(80, 14);
    await watch([streams(cycleIs(1, 'completed'))], { stdout, answer: cycle() });
    const frame = framesOf(stdout).at(-1) ?? '';
    expect(frame.trimEnd().split('\n').length).toBeLessThan(14);
    expect(frame).toContain('eu-west-1b  ● patching');
  });

  test('shows that contact is lost, and hides the cursor only while it draws', async () => {
    const stdout = terminal(100);
    await watch([isUnavailable, streams(cycleIs(1, 'completed'))], { stdout });
    expect(framesOf(stdout).join('\n')).toContain('Trying again; the cycle goes on.');
    expect(stdout.text.endsWith('\u001b[?25h')).toBe(true);
  });

  test('has colours, and none with NO_COLOR', async () => {
    const [coloured, plain] = [terminal(100), terminal(100)];
    await watch([streams(cycleIs(1, 'completed'))], { stdout: coloured });
    await api?.close();
    await watch([streams(cycleIs(1, 'completed'))], { stdout: plain, environment: { NO_COLOR: '1' } });
    expect(coloured.text).toContain('\u001b[32m');
    expect(plain.text).not.toContain('\u001b[3');
  });

  test('writes lines where the terminal is dumb', async () => {
    const stdout = terminal(100);
    await watch([streams(cycleIs(1, 'completed'))], { stdout, environment: { TERM: 'dumb' } });
    expect(stdout.text).not.toContain('\u001b');
  });
});

describe('The real API', () => {
  const service = useListeningService();

  test('tells events that the command line understands, each of them', async () => {
    await startCycle(service);
    const dev = 'dev' as StageName;
    await service.store.stageChanged(CYCLE, dev, { status: 'soaking', soakUntil: '2026-11-22T19:00:00Z' as Instant });
    await service.store.cycleChanged(CYCLE, { status: 'cancelled', endedAt: '2026-11-22T19:00:00Z' as Instant });
    const { code, stdout } = await service.as('viewer', ['cycle', 'watch', 'storefront-1', '--json']);
    expect(code).toBe(2);
    const told = await service.store.changesSince(CYCLE, 0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(told.map(({ seq }) => seq));
  });

  test('refuses a cycle that is not there: 1', async () => {
    expect((await service.as('viewer', ['cycle', 'watch', 'storefront-9'])).code).toBe(1);
  });
});
