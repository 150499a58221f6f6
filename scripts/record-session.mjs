// node scripts/record-session.mjs <data folder of a started stack>: drives a cycle of the demo fleet from the command line, and
// writes docs/command-line.cast (asciicast v2), docs/command-line-session.md and, where Chromium is found, docs/images/watch.png.
// Needs util-linux's `script`, and a stack without documents: PATCHTIDE_DATA=<folder> PATCHTIDE_PORT=0 npm start
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './prepare.mjs';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('node scripts/record-session.mjs <data folder of a started stack>');
const WIDTH = 104;
const HEIGHT = 36;
const PROMPT = '\u001b[32m$\u001b[0m ';
const FRAME = '\u001b[?2026h';
const LONGEST_PAUSE = 2;
const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`${ESCAPE}\\[([\\d;?]*)([A-Za-z])`, 'g');

const STEPS = [
  [
    'What would be written? Nothing is there yet, so all of it is new; exit code 1 says that something differs.',
    'patchtide diff -f examples/storefront.yaml',
  ],
  ['Write it, as the admin.', 'patchtide apply -f examples/storefront.yaml'],
  ['Is everything reachable, and is there every right that a cycle takes?', 'patchtide doctor shop-production'],
  ['What would a cycle do, and when?', 'patchtide preview storefront'],
  [
    'Start one, as the operator, and follow it until somebody has to decide: exit code 5.',
    'patchtide cycle start storefront --reason "November patches" --reference CHG-1042 --until approval',
  ],
  ['What did Test prove? Only this may reach Prod.', 'patchtide patch-set show storefront-1/test'],
  [
    'Decide, as the approver: what is shown is what is approved.',
    'patchtide approve storefront-1 --reason "Dev and Test are well"',
  ],
  ['Follow it to its end. The exit code says how it ended.', 'patchtide cycle watch storefront-1'],
  ['Which nodes are not patched, and why?', 'patchtide cycle nodes storefront-1 --outcome failed'],
  ['All of it, for an auditor; `--json` is the whole.', 'patchtide cycle report storefront-1'],
];

const ground = mkdtempSync(join(tmpdir(), 'session-'));
symlinkSync(resolve(folder), join(ground, '.patchtide'));
symlinkSync(join(root, 'examples'), join(ground, 'examples'));
const events = [];
const began = process.hrtime.bigint();
const now = () => Number(process.hrtime.bigint() - began) / 1e9;
const write = (text) => events.push([now(), 'o', text]);
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

try {
  const steps = [];
  for (const [why, command] of STEPS) steps.push({ why, command, ...(await perform(why, command)) });
  writeFileSync(join(root, 'docs', 'command-line.cast'), cast());
  writeFileSync(join(root, 'docs', 'command-line-session.md'), transcript(steps));
  picture(steps.find(({ command }) => command.startsWith('patchtide cycle watch')));
} finally {
  rmSync(ground, { recursive: true, force: true });
}

/** Types a command, runs it on a terminal of its own, answers yes where it asks, and resolves to what it wrote and its exit code. */
async function perform(why, command) {
  process.stderr.write(`${command}\n`);
  write(`\u001b[2m# ${why}\u001b[0m\r\n${PROMPT}`);
  for (const key of command) {
    write(key);
    await pause(0.02);
  }
  write('\r\n');
  const program = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(root, 'dist', 'cli', 'main.js'))}`;
  const line = `stty cols ${WIDTH} rows ${HEIGHT}; exec ${command.replace(/^patchtide/, program)}`;
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    cwd: ground,
    env: { PATH: process.env.PATH, HOME: ground, TERM: 'xterm-256color', TZ: 'Europe/London', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let answered = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    write(text);
    output += text;
    if (answered || !output.includes('[y/N]')) return;
    answered = true;
    void pause(1.5).then(() => child.stdin.write('y\n'));
  });
  const code = await new Promise((done) => child.on('close', done));
  write(`${PROMPT}echo $?\r\n${code}\r\n\r\n`);
  await pause(1);
  return { output, code };
}

/** Pauses are cut short, as a player would. */
function cast() {
  let [shift, before] = [0, 0];
  const lines = events.map(([at, kind, text]) => {
    shift += Math.max(0, at - before - LONGEST_PAUSE);
    before = at;
    return JSON.stringify([Number((at - shift).toFixed(3)), kind, text]);
  });
  const title = 'A cycle of the demo fleet, from the command line';
  return `${[JSON.stringify({ version: 2, width: WIDTH, height: HEIGHT, title, env: { TERM: 'xterm-256color' } }), ...lines].join('\n')}\n`;
}

/** What stands on the terminal at the end: of pictures that were drawn over one another the last one. */
function lasting(output) {
  const frames = output.split(FRAME);
  return frames.length === 1 ? output : `${frames[0]}${frames.at(-1)}`;
}

function transcript(steps) {
  const text = (output) =>
    stripVTControlCharacters(lasting(output))
      .replaceAll('\r', '')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trim();
  return [
    '# A cycle of the demo fleet, from the command line',
    '',
    'Recorded by `scripts/record-session.mjs` against the embedded stack, whose simulated fleet ran faster than by default so that the session is',
    'short. Each command takes the key of the role that it needs from `.patchtide/keys.json`. Of the live view the last picture is shown;',
    'the recording with all of them is [command-line.cast](command-line.cast) (`asciinema play docs/command-line.cast`).',
    ...steps.flatMap(({ why, command, output, code }) => [
      '',
      why,
      '',
      '```console',
      `$ ${command}`,
      text(output),
      '$ echo $?',
      String(code),
      '```',
    ]),
    '',
  ].join('\n');
}

/** The live view in the middle of its run, as a picture. */
function picture({ output }) {
  const frames = output.split(FRAME).slice(1);
  const busy = (frame) => (frame.match(/● patching/g) ?? []).length;
  const middle = frames.slice(Math.floor(frames.length / 3), Math.ceil((2 * frames.length) / 3));
  const frame = middle.toSorted((a, b) => busy(b) - busy(a))[0];
  const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
  );
  if (!frame || !chromium) return;
  const lines = frame.trimEnd().split('\n').length + 1;
  const page = join(ground, 'watch.html');
  writeFileSync(page, asHtml(`${PROMPT}patchtide cycle watch storefront-1\r\n${frame.trimEnd()}`));
  spawnSync(chromium, [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-device-scale-factor=2'],
    ...[
      `--window-size=${Math.ceil(WIDTH * 8.43) + 48},${lines * 20 + 44}`,
      `--user-data-dir=${join(ground, 'browser')}`,
    ],
    ...[`--screenshot=${join(root, 'docs', 'images', 'watch.png')}`, `file://${page}`],
  ]);
}

function asHtml(text) {
  const STYLES = {
    1: 'font-weight:bold',
    2: 'opacity:.6',
    31: 'color:#ff7b72',
    32: 'color:#7ee787',
    33: 'color:#e3b341',
    36: 'color:#79c0ff',
  };
  const ENDS = new Set(['0', '22', '39']);
  const escaped = text.replaceAll('\r', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  // Colours are never nested here: one opens, one closes.
  const spans = escaped.replace(SEQUENCE, (_, codes, kind) => {
    if (kind !== 'm') return '';
    return codes
      .split(';')
      .map((code) => (ENDS.has(code) || code === '' ? '</span>' : STYLES[code] ? `<span style="${STYLES[code]}">` : ''))
      .join('');
  });
  return `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#0d1117;color:#e6edf3}
pre{margin:0;padding:20px 24px;font:14px/20px "DejaVu Sans Mono",monospace}</style><pre>${spans}</pre>`;
}
