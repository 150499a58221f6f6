import type { FleetNode } from './model.js';

/** A script in the middle of its run. */
export interface ScriptState {
  readonly node: FleetNode;
  readonly files: Set<string>;
  readonly stoppedServices: Set<string>;
  readonly variables: Map<string, string>;
  stdout: string;
  stderr: string;
  seconds: number;
  status: number;
  stopsOnError: boolean;
  restarted: boolean;
  /** Set by `exit`. */
  exitCode: number | undefined;
}

/** What one command printed, and its exit status; `exits` ends the script with it. */
export interface Outcome {
  output: string;
  status: number;
  error?: string;
  exits?: boolean;
}

const SYSTEM_SIZE_KB = 20 * 1024 * 1024;
const DEFAULT_FREE_MB = 9_216;
const DONE: Outcome = { output: '', status: 0 };
const prints = (output: string): Outcome => ({ output: `${output}\n`, status: 0 });
const holds = (condition: boolean): Outcome => ({ output: '', status: condition ? 0 : 1 });

/** The commands that scripts of a patching system use: the first pattern that matches a command carries it out. */
const COMMANDS: readonly [pattern: RegExp, run: (state: ScriptState, match: RegExpExecArray) => Outcome][] = [
  [/^exit(?:\s+(\d+))?$/, (state, [, code]) => ({ output: '', status: Number(code ?? state.status), exits: true })],
  [/^false$/, () => ({ output: '', status: 1 })],
  [/^set\s+-\w*e/, (state) => changed(state, { stopsOnError: true })],
  [/^(?:echo|printf|Write-Output|Write-Host)\s+(.*)$/s, (_state, [, text = '']) => prints(unquoted(text))],
  [
    /^(?:sleep|Start-Sleep(?:\s+-Seconds)?)\s+(\d+)/,
    (state, [, time]) => changed(state, { seconds: state.seconds + Number(time) }),
  ],
  [
    /^(?:sudo\s+)?(?:reboot|shutdown\s+[-/]r|systemctl\s+reboot|Restart-Computer)\b/,
    (state) => changed(state, { restarted: true }),
  ],
  [
    /^(?:touch|New-Item\b.*?)\s+(["'][^"']+["']|[^\s|-]\S*)(?:\s*\|.*)?$/,
    (state, [, path = '']) => changed(state, { files: state.files.add(unquoted(path)) }),
  ],
  [
    /^(?:rm|Remove-Item)\s+(?:-\w+\s+)*(.*)$/,
    (state, [, path = '']) => holds(state.files.delete(unquoted(path)) || true),
  ],
  [/^(?:-not|!)\s*\(?(.*?)\)?$/, (state, [, rest = '']) => holds(runCommand(state, rest).status !== 0)],
  [/^(?:\[\[?|test)\s+!\s+(.*)$/, (state, [, rest = '']) => holds(runCommand(state, `test ${rest}`).status !== 0)],
  [
    /^(?:(?:\[\[?|test)\s+-[ef]|Test-Path)\s+(.*?)(?:\s+\]\]?)?$/,
    (state, [, path = '']) => holds(state.files.has(unquoted(path))),
  ],
  [
    /^(?:\[\[?\s+|test\s+)?["']?(-?\d+)["']?\s+-(lt|le|gt|ge|eq|ne)\s+["']?(-?\d+)["']?/,
    (_state, [, left, operator, right]) => holds(compares(Number(left), operator, Number(right))),
  ],
  [/\bdf\s/, ({ node }, { input }) => disk(node, input)],
  [/Get-PSDrive|FreeSpace|SizeRemaining/, ({ node }) => prints(String(freeKb(node) * 1024))],
  [/\/proc\/sys\/kernel\/random\/boot_id/, ({ node }) => prints(node.bootId)],
  [/LastBootUpTime/, ({ node }, { input }) => prints(bootTime(node, input))],
  [
    /^(?:sudo\s+)?systemctl\s+(stop|start|restart|is-active)\s+(?:--\S+\s+)*(\S+?)(?:\.service)?$/,
    (state, [, verb = '', name = '']) => service(state, verb, name),
  ],
  [
    /^(Stop|Start|Restart)-Service\s+(?:-Name\s+)?["']?([\w.-]+)["']?/,
    (state, [, verb = '', name = '']) => service(state, verb.toLowerCase(), name),
  ],
  [/^hostname\b/, ({ node }) => prints(node.name)],
  [/\baws\s+s3|Read-S3Object|Copy-S3Object|Get-S3Object/, ({ node }) => (node.behaviour.bucketDenied ? DENIED : DONE)],
];

function service(state: ScriptState, verb: string, name: string): Outcome {
  if (verb === 'is-active') {
    const active = !state.stoppedServices.has(name);
    return { output: active ? 'active\n' : 'inactive\n', status: active ? 0 : 3 };
  }
  if (verb === 'stop') state.stoppedServices.add(name);
  else state.stoppedServices.delete(name);
  return DONE;
}

function changed(state: ScriptState, change: Partial<ScriptState>): Outcome {
  Object.assign(state, change);
  return DONE;
}

const DENIED: Outcome = {
  output: '',
  error: 'An error occurred (403) when calling the HeadObject operation: Forbidden',
  status: 1,
};

/** Runs one command, with its variables put in. One that is not known succeeds and prints nothing. */
export function runCommand(state: ScriptState, command: string): Outcome {
  for (const [pattern, run] of COMMANDS) {
    const match = pattern.exec(command.trim());
    if (match) return run(state, match);
  }
  const [, value] = /^["']?(-?\d+)["']?$/.exec(command.trim()) ?? [];
  return value === undefined ? DONE : prints(value);
}

/** A text without the quotes around it. */
export const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/s, '$2');

function compares(left: number, operator: string | undefined, right: number): boolean {
  const results: Record<string, boolean> = {
    lt: left < right,
    le: left <= right,
    gt: left > right,
    ge: left >= right,
    eq: left === right,
    ne: left !== right,
  };
  return results[operator ?? ''] ?? false;
}

const freeKb = (node: FleetNode): number => Math.round((node.behaviour.diskFreeMb ?? DEFAULT_FREE_MB) * 1024);

/** The table of `df -Pk`, or what an awk after it makes of the column of available blocks. */
function disk(node: FleetNode, command: string): Outcome {
  const available = freeKb(node);
  const total = Math.max(SYSTEM_SIZE_KB, available);
  const program = /\|\s*awk\s+'(.*)'/s.exec(command)?.[1];
  if (program === undefined) {
    const places = command.match(/\s\/\S*/g)?.filter((place) => place.trim() !== '/dev/null') ?? [];
    const used = total - available;
    const row = `/dev/nvme0n1p1 ${total} ${used} ${available} ${Math.ceil((used / total) * 100)}% /`;
    const rows = Array.from({ length: Math.max(1, places.length) }, () => row);
    return prints(['Filesystem     1024-blocks    Used Available Capacity Mounted on', ...rows].join('\n'));
  }
  const [, bound, body = ''] = /\$4\s*<\s*(\d+)\s*\)?\s*\{(.*)\}/s.exec(program) ?? [];
  if (bound === undefined) return /\{\s*print\s+\$4\s*\}/.test(program) ? prints(String(available)) : DONE;
  if (available >= Number(bound)) return DONE;
  const text = /print\s+"([^"]*)"/.exec(body)?.[1];
  return { output: text === undefined ? '' : `${text}\n`, status: Number(/exit\s+(\d+)/.exec(body)?.[1] ?? 0) };
}

function bootTime(node: FleetNode, command: string): string {
  const booted = new Date(node.bootedAt);
  if (/ToString|-Format/.test(command)) return booted.toISOString();
  return booted.toLocaleString('en-US', { dateStyle: 'full', timeStyle: 'medium', timeZone: 'UTC' });
}
