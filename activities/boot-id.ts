import { isWindows, type OperatingSystem } from '../domain/fleet.js';
import type { Location, NodeId } from '../domain/ids.js';
import type { Effect } from './effects.js';
import type { Fleet, Operation } from './ports.js';

/** A node that answers at all answers this at once. */
const BOOT_SECONDS = 120;
export const BOOT_TIMEOUT = 15 * 60_000;

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

/** Which boot each node was at when it carried the command out; a command may print more, after that. */
export async function bootsOf(
  at: Location,
  operation: Operation | null,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, string>> {
  const [commandId] = operation?.externalIds ?? [];
  if (!commandId) return new Map();
  const outputs = await fleet.commandOutputs(at, commandId, signal);
  return new Map(
    [...outputs].flatMap(([node, output]) => {
      const boot = bootIdOf(output);
      return boot === null ? [] : [[node, boot] as const];
    }),
  );
}
