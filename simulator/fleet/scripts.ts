import { isWindows } from '../catalogue/catalogue.js';
import type { FleetNode } from './model.js';

/** What running a script comes to. `seconds` are what it sleeps, in fleet time; `reboots`: it restarts the machine. */
export interface ScriptResult {
  stdout: string;
  stderr: string;
  exitCode: number;
  seconds: number;
  reboots: boolean;
}

const SYSTEM_SIZE_KB = 20 * 1024 * 1024;
const REBOOT = /^(sudo\s+)?(reboot|shutdown\s+(-r|\/r)|systemctl\s+reboot|Restart-Computer)\b/i;

/**
 * Runs a script as far as a patching system's scripts go: `echo`, `sleep`, `exit`, `false`, free disk space, boot id and
 * boot time, a restart. Statements are split at line ends, `;` and `&&`, of `a || b` only `a` runs; any other command
 * succeeds and prints nothing. A restart may also be asked for by exit code 194 (3010 on Windows).
 */
export function runScript(node: FleetNode, lines: readonly string[]): ScriptResult {
  const result: ScriptResult = { stdout: '', stderr: '', exitCode: 0, seconds: 0, reboots: false };
  const text = lines.join('\n');
  if (node.behaviour.failsCommands?.some((part) => text.includes(part))) {
    return { ...result, stderr: 'planted failure', exitCode: 1 };
  }
  for (const statement of statementsOf(text)) {
    const exit = /^exit\s+(\d+)$/i.exec(statement)?.[1] ?? (statement === 'false' ? '1' : undefined);
    if (exit !== undefined) {
      const code = Number(exit);
      const restart = code === (isWindows(node.os) ? 3010 : 194);
      return { ...result, exitCode: restart ? 0 : code, reboots: result.reboots || restart };
    }
    const sleep = /^(?:sleep|Start-Sleep(?:\s+-Seconds)?)\s+(\d+)/i.exec(statement)?.[1];
    result.seconds += Number(sleep ?? 0);
    if (REBOOT.test(statement)) result.reboots = true;
    if (node.behaviour.bucketDenied && /\baws\s+s3|Read-S3Object|Copy-S3Object/.test(statement)) {
      return {
        ...result,
        stderr: 'An error occurred (403) when calling the HeadObject operation: Forbidden',
        exitCode: 1,
      };
    }
    result.stdout += outputOf(node, statement);
  }
  return result;
}

function statementsOf(text: string): string[] {
  return text
    .split(/\n|;|&&/)
    .map((part) => (part.split('||')[0] ?? '').trim())
    .filter((part) => part !== '' && !part.startsWith('#'));
}

function outputOf(node: FleetNode, statement: string): string {
  const echoed = /^(?:echo|Write-Output|Write-Host)\s+(.*)$/i.exec(statement)?.[1];
  if (echoed !== undefined) return `${echoed.replace(/^(["'])(.*)\1$/, '$2')}\n`;
  const freeKb = Math.round((node.behaviour.diskFreeMb ?? 9_216) * 1024);
  if (/\bdf\s/.test(statement)) return diskTable(statement, freeKb);
  if (/Get-PSDrive|FreeSpace|SizeRemaining/i.test(statement)) return `${freeKb * 1024}\n`;
  if (statement.includes('/proc/sys/kernel/random/boot_id')) return `${node.bootId}\n`;
  if (statement.includes('LastBootUpTime')) return `${bootTime(node, statement)}\n`;
  if (/^hostname\b/.test(statement)) return `${node.name}\n`;
  return '';
}

function diskTable(statement: string, freeKb: number): string {
  const total = Math.max(SYSTEM_SIZE_KB, freeKb);
  const mounts = [...statement.matchAll(/\s(\/\S*)/g)]
    .map((match) => match[1] ?? '/')
    .filter((path) => path !== '/dev/null');
  if (/awk.*\$4/.test(statement)) return `${freeKb}\n`;
  const used = total - freeKb;
  const percent = Math.ceil((used / total) * 100);
  const row = `/dev/nvme0n1p1 ${total} ${used} ${freeKb} ${percent}% /`;
  const rows = Array.from({ length: Math.max(1, mounts.length) }, () => row);
  return ['Filesystem     1024-blocks    Used Available Capacity Mounted on', ...rows, ''].join('\n');
}

function bootTime(node: FleetNode, statement: string): string {
  const booted = new Date(node.bootedAt);
  if (/ToString|Get-Date|-Format/i.test(statement)) return booted.toISOString();
  return booted.toLocaleString('en-US', { dateStyle: 'full', timeStyle: 'medium', timeZone: 'UTC' });
}
