import { isWindows } from '../catalogue/catalogue.js';
import type { FleetNode } from './model.js';
import { type Outcome, runCommand, type ScriptState, unquoted } from './script-commands.js';

/** What running a script comes to. `seconds` are what it sleeps, in fleet time. */
export interface ScriptResult {
  stdout: string;
  stderr: string;
  exitCode: number;
  seconds: number;
  /** `again`: the agent restarts the machine and runs the script once more (exit 194, on Windows 3010); `end`: the script itself restarted it. */
  reboots: 'no' | 'again' | 'end';
  /** Files that are there afterwards. */
  files: string[];
  /** Services that are stopped afterwards. */
  stoppedServices: string[];
}

/**
 * Runs a script as far as the scripts of a patching system go, in one small language for sh and PowerShell: statements,
 * `if`, `&&`, `||`, variables, files as marks, and the commands of `script-commands.ts`; any other command succeeds and
 * prints nothing. Nothing is changed on the node: the result says which files it leaves.
 */
export function runScript(node: FleetNode, lines: readonly string[]): ScriptResult {
  const text = lines.join('\n');
  const state: ScriptState = {
    node,
    files: new Set(node.files),
    stoppedServices: new Set(node.stoppedServices),
    variables: new Map(),
    stdout: '',
    stderr: '',
    seconds: 0,
    status: 0,
    stopsOnError: false,
    restarted: false,
    exitCode: undefined,
  };
  if (node.behaviour.failsCommands?.some((part) => text.includes(part))) {
    state.stderr = 'planted failure';
    state.exitCode = 1;
  } else {
    runBlock(state, text);
  }
  const exitCode = state.exitCode ?? (isWindows(node.os) ? 0 : state.status);
  const again = exitCode === (isWindows(node.os) ? 3010 : 194);
  return {
    stdout: state.stdout,
    stderr: state.stderr,
    exitCode: again ? 0 : exitCode,
    seconds: state.seconds,
    reboots: again ? 'again' : state.restarted ? 'end' : 'no',
    files: [...state.files],
    stoppedServices: [...state.stoppedServices],
  };
}

/** Statements one after the other; those of an `if` that does not hold are passed over. */
function runBlock(state: ScriptState, text: string): void {
  const holds: boolean[] = [];
  for (const statement of split(text, ['\n', ';'])) {
    if (state.exitCode !== undefined) return;
    const [, keyword = '', rest = ''] = /^(if|then|elif|else|fi)\b(?!\s*\()\s*(.*)$/s.exec(statement) ?? [];
    const active = holds.every(Boolean);
    if (keyword === 'if') holds.push(active && succeeds(state, rest));
    else if (keyword === 'elif') holds.push(!holds.pop() && holds.every(Boolean) && succeeds(state, rest));
    else if (keyword === 'else') holds.push(!holds.pop());
    else if (keyword === 'fi') holds.pop();
    const toRun = keyword === 'then' || keyword === 'else' ? rest : keyword === '' ? statement : '';
    if (toRun !== '' && holds.every(Boolean)) runStatement(state, toRun);
  }
}

function runStatement(state: ScriptState, statement: string): void {
  const block = powerShellIf(statement);
  if (block) {
    if (succeeds(state, block.condition)) runBlock(state, block.body);
    else if (block.otherwise) runBlock(state, block.otherwise);
    return;
  }
  runChain(state, statement);
  if (state.status !== 0 && state.stopsOnError) state.exitCode ??= state.status;
}

/** `a && b || c`, from left to right. */
function runChain(state: ScriptState, statement: string): void {
  const [first = '', ...others] = split(statement, ['&&', '||'], true);
  runSimple(state, first);
  for (let index = 0; index + 1 < others.length; index += 2) {
    if (state.exitCode !== undefined) return;
    if ((others[index] === '&&') === (state.status === 0)) runSimple(state, others[index + 1] ?? '');
  }
}

function runSimple(state: ScriptState, command: string): void {
  const [, windowsName, windowsValue, name, value] = /^(?:\$(\w+)\s*=(?!=)\s*(.*)|(\w+)=(\S.*|))$/s.exec(command) ?? [];
  if (windowsName !== undefined || name !== undefined) {
    state.variables.set(windowsName ?? name ?? '', assigned(state, windowsValue ?? value ?? ''));
    state.status = 0;
    return;
  }
  apply(state, runCommand(state, substitute(state, command)));
}

function apply(state: ScriptState, outcome: Outcome): void {
  state.stdout += outcome.output;
  state.stderr += outcome.error ?? '';
  state.status = outcome.status;
  if (outcome.exits) state.exitCode = outcome.status;
}

/** Whether a condition holds; what it prints is not kept. */
function succeeds(state: ScriptState, condition: string): boolean {
  const outcome = runCommand(state, substitute(state, condition));
  return outcome.status === 0;
}

/** The value of an assignment: a command's output, or the text itself. */
function assigned(state: ScriptState, expression: string): string {
  const command = /^(?:"?\$\((.*)\)"?|`(.*)`)$/s.exec(expression);
  const inner = command?.[1] ?? command?.[2] ?? (/^[("'\d]*["'\d]/.test(expression) ? undefined : expression);
  if (inner === undefined) return unquoted(substitute(state, expression));
  const { output } = runCommand(state, substitute(state, inner));
  return output === '' && command === null ? substitute(state, inner) : output.trim();
}

const substitute = (state: ScriptState, text: string): string =>
  text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => state.variables.get(name) ?? whole);

function powerShellIf(
  statement: string,
): { condition: string; body: string; otherwise: string | undefined } | undefined {
  if (!/^if\s*\(/.test(statement)) return undefined;
  const open = statement.indexOf('(');
  const close = closing(statement, open);
  const bodyOpen = statement.indexOf('{', close);
  if (bodyOpen < 0) return undefined;
  const bodyClose = closing(statement, bodyOpen);
  const otherwise = /^\s*else\s*\{(.*)\}\s*$/s.exec(statement.slice(bodyClose + 1))?.[1];
  return { condition: statement.slice(open + 1, close), body: statement.slice(bodyOpen + 1, bodyClose), otherwise };
}

/** The position of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (const { character, at } of outsideQuotes(text)) {
    if (at < open) continue;
    if ('({['.includes(character)) depth += 1;
    if (')}]'.includes(character)) depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}

/** Parts of a text between separators that lie outside quotes and brackets; on request with the separators between them. */
function split(text: string, separators: readonly string[], keep = false): string[] {
  const parts: string[] = [];
  let from = 0;
  let depth = 0;
  for (const { character, at } of outsideQuotes(text)) {
    if ('({'.includes(character)) depth += 1;
    if (')}'.includes(character)) depth -= 1;
    const separator = depth === 0 && at >= from ? separators.find((each) => text.startsWith(each, at)) : undefined;
    if (separator === undefined) continue;
    parts.push(text.slice(from, at), ...(keep ? [separator] : []));
    from = at + separator.length;
  }
  parts.push(text.slice(from));
  return parts.map((part) => part.trim()).filter((part) => part !== '' && !part.startsWith('#'));
}

function* outsideQuotes(text: string): Generator<{ character: string; at: number }> {
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else if (quote === '') yield { character, at };
  }
}
