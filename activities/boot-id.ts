import { isWindows, type OperatingSystem } from '../domain/fleet.js';
import type { Effect } from './effects.js';

/** A node that answers at all answers this at once. */
const BOOT_SECONDS = 120;

/** Prints which boot a node runs, and nothing else; it changes nothing. */
export const bootCommand = (os: OperatingSystem): Effect => ({
  kind: 'command',
  document: isWindows(os) ? 'AWS-RunPowerShellScript' : 'AWS-RunShellScript',
  parameters: { commands: [bootStatement(os)] },
  executionTimeout: BOOT_SECONDS,
});

/** Linux gives each boot an id of its own; Windows is told by when it booted. */
export const bootStatement = (os: OperatingSystem): string =>
  isWindows(os) ? '(Get-CimInstance Win32_OperatingSystem).LastBootUpTime' : 'cat /proc/sys/kernel/random/boot_id';

/** What a node printed, as the id of its boot; null where it printed none. */
export const bootIdOf = (output: string | undefined): string | null =>
  output
    ?.split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '') ?? null;
