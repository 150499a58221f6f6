import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { FleetDescriptionError } from './errors.js';
import { OPERATING_SYSTEMS } from './fleet/model.js';
import { BUCKETS } from './limits.js';

const rate = z.union([z.literal('none'), z.strictObject({ capacity: z.number().positive(), refill: z.number() })]);
const limits = z.partialRecord(z.enum(BUCKETS), rate);

const behaviour = z.strictObject({
  failsToPatch: z.string().optional(),
  agentReturnFactor: z.number().positive().optional(),
  agentLost: z.enum(['never-returns', 'until-reboot', 'until-restore']).optional(),
  installHangs: z.boolean().optional(),
  diskFreeMb: z.number().nonnegative().optional(),
  bucketDenied: z.boolean().optional(),
  failsCommands: z.array(z.string()).optional(),
  snapshots: z.enum(['error', 'stuck', 'slow']).optional(),
  restores: z.enum(['fails', 'fails-detached', 'stuck']).optional(),
});

/** Zone name (an account's own) to zone id (the same in every account). */
const region = z.strictObject({
  zones: z.record(z.string(), z.string()),
  limits: limits.optional(),
  pendingSnapshots: z.int().positive().optional(),
});

const account = z.strictObject({
  name: z.string(),
  id: z.string().regex(/^\d{12}$/, 'an account id has 12 digits'),
  roleArn: z.string(),
  externalId: z.string().optional(),
  sessionSeconds: z.int().positive().max(3600).optional(),
  /** Actions that the role may not take, as IAM writes them, with wildcards: `ssm:SendCommand`, `ec2:*`. */
  denied: z.array(z.string()).optional(),
  regions: z.record(z.string(), region),
});

const group = z.strictObject({
  name: z.string(),
  os: z.enum(OPERATING_SYSTEMS),
  count: z.int().positive(),
  hybrid: z.boolean().default(false),
  /** Names of accounts, Regions and zone ids over which the nodes are dealt in turn; all of them if left out. */
  accounts: z.array(z.string()).optional(),
  regions: z.array(z.string()).optional(),
  zones: z.array(z.string()).optional(),
  tags: z.record(z.string(), z.string()).default({}),
  state: z.enum(['running', 'stopped', 'terminated']).default('running'),
  /** Age of the patch level at which the nodes begin. */
  patchedDaysAgo: z.number().nonnegative().default(30),
  /** Optional packages that they have, and packages that they lack. */
  packages: z.array(z.string()).default([]),
  without: z.array(z.string()).default([]),
  dataVolumes: z.int().nonnegative().default(1),
  agentVersion: z.string().default('3.3.3050.0'),
  behaviour: behaviour.optional(),
  /** Behaviour of single nodes, by their number in the group, from 1. */
  exceptions: z.array(z.strictObject({ node: z.int().positive(), behaviour })).default([]),
});

/** A patch beside the built-in catalogue. */
export const patchInput = z.strictObject({
  os: z.enum(OPERATING_SYSTEMS),
  /** `name.architecture`, or the KB id. */
  id: z.string(),
  version: z.string().default(''),
  title: z.string().optional(),
  classification: z.string().default('Security'),
  severity: z.string().default('Important'),
  priority: z.string().default('optional'),
  requires: z.array(z.strictObject({ id: z.string(), version: z.string().optional() })).default([]),
  reboot: z.boolean().default(true),
  optional: z.boolean().default(false),
  cves: z.array(z.string()).default([]),
  /** Before the fleet began; fractions and negative numbers (released later, in days) are allowed. */
  releasedDaysAgo: z.number().optional(),
  /** Wall seconds after the fleet began. */
  releasedAfterSeconds: z.number().nonnegative().optional(),
  withdrawnAfterSeconds: z.number().nonnegative().optional(),
});
export type PatchInput = z.infer<typeof patchInput>;

const document = z.strictObject({
  name: z.string(),
  platform: z.enum(['linux', 'windows', 'any']).default('any'),
  seconds: z.number().nonnegative().default(5),
  fails: z.boolean().default(false),
});

/** Where something of an account's own lies: names of accounts and Regions; all of them if left out. */
const places = { accounts: z.array(z.string()).optional(), regions: z.array(z.string()).optional() };
/** The input of one of AWS's own operations, checked by that operation. */
const input = z.record(z.string(), z.unknown());

const baseline = z.strictObject({
  ...places,
  /** CreatePatchBaseline's input. */
  create: input,
  /** Groups that are registered to it. */
  patchGroups: z.array(z.string()).default([]),
});

const maintenanceWindow = z.strictObject({
  ...places,
  /** CreateMaintenanceWindow's input. */
  create: input,
  enabled: z.boolean().default(true),
  /** Inputs of RegisterTargetWithMaintenanceWindow, without WindowId; a name of a node stands for its id. */
  targets: z.array(input).default([]),
  /** Inputs of RegisterTaskWithMaintenanceWindow, without WindowId; the name of a target stands for its id. */
  tasks: z.array(input).default([]),
});

/** CreateAssociation's input. */
const association = z.strictObject({ ...places, create: input });

/** Instances with the tag `aws:autoscaling:groupName` are members of the group of that name; it need not be described. */
const autoScalingGroup = z.strictObject({
  name: z.string(),
  minSize: z.int().nonnegative().default(0),
  /** Without it: as many as there are members. */
  maxSize: z.int().nonnegative().optional(),
});

const targetGroup = z.strictObject({
  name: z.string().max(32),
  ...places,
  /** Its targets: instances with all of these tags. */
  tags: z.record(z.string(), z.string()),
  port: z.int().min(1).max(65_535).default(80),
  healthCheckPath: z.string().default('/'),
  /** The service that answers the health checks; a target whose script stopped it is unhealthy. */
  service: z.string().optional(),
});

/** Seconds of fleet time, from and to: each is drawn in between. */
const range = z.tuple([z.number().nonnegative(), z.number().nonnegative()]);
const durations = z.strictObject({
  delivery: range.default([1, 3]),
  script: range.default([2, 5]),
  scan: range.default([20, 40]),
  installBase: range.default([40, 60]),
  installPatch: range.default([10, 25]),
  report: range.default([10, 20]),
  reboot: range.default([60, 120]),
  snapshot: range.default([60, 150]),
  rootVolume: range.default([60, 120]),
  standby: range.default([10, 30]),
  start: range.default([30, 60]),
  stop: range.default([20, 40]),
});

export const fleetDescription = z.strictObject({
  seed: z.int().default(1),
  hub: z.strictObject({ id: z.string().regex(/^\d{12}$/) }).default({ id: '999900001111' }),
  accounts: z.array(account).min(1),
  groups: z.array(group).default([]),
  buckets: z.array(z.strictObject({ name: z.string(), region: z.string() })).default([]),
  patches: z.array(patchInput).default([]),
  /** `false`: only the patches given here exist. */
  builtInPatches: z.boolean().default(true),
  documents: z.array(document).default([]),
  automations: z.array(document.omit({ platform: true })).default([]),
  /** What the accounts keep in Systems Manager from the beginning. */
  baselines: z.array(baseline).default([]),
  maintenanceWindows: z.array(maintenanceWindow).default([]),
  associations: z.array(association).default([]),
  autoScalingGroups: z.array(autoScalingGroup).default([]),
  targetGroups: z.array(targetGroup).default([]),
  durations: durations.prefault({}),
  /** Wall milliseconds until the service shows what it has accepted. */
  consistencyMs: range.default([100, 300]),
  limits: limits.optional(),
});

/** A fleet description with every default written out. */
export type FleetDescription = z.output<typeof fleetDescription>;
/** A fleet description as people write it. */
export type FleetDescriptionInput = z.input<typeof fleetDescription>;
export type Durations = FleetDescription['durations'];

/**
 * A fleet description from an object, a YAML file's path, or `demo`.
 * @throws FleetDescriptionError that names the field and what was expected
 */
export function readFleetDescription(source: string | FleetDescriptionInput): FleetDescription {
  const raw = typeof source === 'string' ? readYaml(source === 'demo' ? demoFile() : source) : source;
  const parsed = fleetDescription.safeParse(raw);
  if (!parsed.success) throw new FleetDescriptionError(z.prettifyError(parsed.error));
  const known = new Set(parsed.data.accounts.map((each) => each.name));
  for (const each of parsed.data.groups) {
    const stranger = each.accounts?.find((name) => !known.has(name));
    if (stranger) throw new FleetDescriptionError(`group ${each.name}: no account is named ${stranger}`);
  }
  return parsed.data;
}

function readYaml(path: string): unknown {
  if (!existsSync(path)) {
    throw new FleetDescriptionError(`There is no fleet description at ${path}. Name a YAML file, or "demo".`);
  }
  return parse(readFileSync(path, 'utf8'), { maxAliasCount: 100 });
}

/** Found upwards from here, since the compiled simulator lies one folder deeper than its source. */
function demoFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'examples', 'fleets', 'demo.yaml');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) throw new FleetDescriptionError('examples/fleets/demo.yaml is missing');
  }
}
