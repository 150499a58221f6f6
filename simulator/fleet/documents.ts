import { isWindows } from '../catalogue/catalogue.js';
import type { FleetDescription } from '../description.js';
import { AwsError } from '../errors.js';
import type { Command, FleetNode } from './model.js';
import type { PatchOperation } from './patching.js';

export const PATCH_DOCUMENT = 'AWS-RunPatchBaseline';
const SHELL_DOCUMENT = 'AWS-RunShellScript';
const POWERSHELL_DOCUMENT = 'AWS-RunPowerShellScript';

const PARAMETERS: Record<string, Record<string, RegExp>> = {
  [PATCH_DOCUMENT]: {
    Operation: /^(Scan|Install)$/,
    RebootOption: /^(RebootIfNeeded|NoReboot)$/,
    SnapshotId: /^$|^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/,
    InstallOverrideList: /^$|^https:\/\/.+|^s3:\/\/[^/]+\/.+/,
    AssociationId: /.*/,
  },
  [SHELL_DOCUMENT]: { commands: /.*/s, workingDirectory: /.*/, executionTimeout: /^[1-9][0-9]*$|^\{\{/ },
  [POWERSHELL_DOCUMENT]: { commands: /.*/s, workingDirectory: /.*/, executionTimeout: /^[1-9][0-9]*$|^\{\{/ },
};

const REQUIRED: Record<string, string> = {
  [PATCH_DOCUMENT]: 'Operation',
  [SHELL_DOCUMENT]: 'commands',
  [POWERSHELL_DOCUMENT]: 'commands',
};

/** Whether there is such a document: one of AWS's own, or one that the description names. */
export const isKnownDocument = (description: FleetDescription, name: string): boolean =>
  name.startsWith('AWS') ||
  [...description.documents, ...description.automations].some((document) => document.name === name);

/** Refuses a document that is not there, and parameters that it does not take, with AWS's codes. */
export function checkDocument(
  description: FleetDescription,
  document: string,
  parameters: Record<string, string[]>,
): void {
  const own = description.documents.some((each) => each.name === document);
  const known = PARAMETERS[document];
  if (!own && !known) throw new AwsError('InvalidDocument', `Document with name ${document} does not exist.`, 404);
  for (const [name, values] of Object.entries(known ? parameters : {})) {
    const pattern = known?.[name];
    const wrong = pattern === undefined || values.some((value) => !pattern.test(value));
    if (wrong)
      throw new AwsError('InvalidParameters', `Parameter ${name} of ${document} is not valid: ${values.join()}`);
  }
  const required = REQUIRED[document];
  if (required && !parameters[required]?.length) {
    throw new AwsError('InvalidParameters', `${document} requires the parameter ${required}.`);
  }
}

/** Whether a document runs on a node's platform. */
export function runsOn(description: FleetDescription, document: string, node: FleetNode): boolean {
  if (document === SHELL_DOCUMENT) return !isWindows(node.os);
  const platform = description.documents.find((each) => each.name === document)?.platform ?? 'any';
  return platform === 'any' || (platform === 'windows') === isWindows(node.os);
}

/** The lines that a script document runs on a node; none for any other document. */
export function scriptOf(description: FleetDescription, command: Command, node: FleetNode): readonly string[] {
  const own = description.documents.find((each) => each.name === command.document);
  if (own) return [`sleep ${own.seconds}`, ...(own.fails ? ['exit 1'] : [])];
  if (command.document === POWERSHELL_DOCUMENT && !isWindows(node.os)) return ['exit 127'];
  return command.parameters.commands ?? [];
}

/** How long a command may run on a node, in seconds of fleet time. */
export function executionTimeout(command: Command): number {
  if (command.document === PATCH_DOCUMENT) return 7_200;
  const given = Number(command.parameters.executionTimeout?.[0]);
  return Number.isFinite(given) && given > 0 ? given : 3_600;
}

/** The name of the step that the service reports: part of where its output lies in S3. */
export function pluginOf(command: Command, node: FleetNode): string {
  if (command.document === PATCH_DOCUMENT) return isWindows(node.os) ? 'PatchWindows' : 'PatchLinux';
  return isWindows(node.os) || command.document === POWERSHELL_DOCUMENT
    ? 'aws:runPowerShellScript'
    : 'aws:runShellScript';
}

export function patchOperationOf(command: Command): PatchOperation {
  const first = (name: string) => command.parameters[name]?.[0] || undefined;
  return {
    operation: first('Operation') === 'Install' ? 'Install' : 'Scan',
    rebootOption: first('RebootOption') ?? 'RebootIfNeeded',
    snapshotId: first('SnapshotId'),
    installOverrideList: first('InstallOverrideList'),
  };
}
