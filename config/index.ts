import { join, resolve } from 'node:path';
import { z } from 'zod';
import { all, ConfigurationError, type Environment, readEnvironment } from './read.js';
import { readTemporal, TEMPORAL_FILES_AND_TLS, type TemporalConfig } from './temporal.js';
import { OUR_NAMES, variables } from './variables.js';

export { requestToEnd } from './ending.js';
export { keepTrying } from './keep-trying.js';
export { all, ConfigurationError, type Environment } from './read.js';
export { EXIT, startOrRefuse } from './start.js';
export type { TemporalConfig, TemporalConnectionOptions } from './temporal.js';

/** What `npm run worker` and `npm run api` both need. */
interface ServiceConfig {
  readonly databaseUrl: string;
  readonly temporal: TemporalConfig;
  readonly logLevel: string;
}

export interface WorkerConfig extends ServiceConfig {
  /** May contain `{region}`. */
  readonly bucket: string;
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** Whom the health checks of plans may ask: the worker's own machine only where this says so. */
  readonly healthProbes: { readonly loopback: boolean };
  /** Where probes and measurements are answered; null for nowhere. */
  readonly probes: { readonly host: string; readonly port: number } | null;
  /** The build that this worker says it is; `bundle` for one made of the release and its workflows, null for no versioning. */
  readonly deploymentBuild: string | null;
}

export interface ApiConfig extends ServiceConfig {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Requests a minute that one caller may send. */
  readonly requestsPerMinute: number;
  /** Who may call, and with which key. */
  readonly keysFile: string;
  /** Milliseconds that it goes on serving after it was asked to end. */
  readonly drain: number;
  /** Null where links to the Temporal UI cannot be given. */
  readonly temporalUi: string | null;
}

export interface FleetConfig {
  /** `demo` or the path of a file. */
  readonly description: string;
  readonly port: number;
  readonly speed: number;
}

/** Parts that are null come from outside the embedded stack, or are not wanted. */
export interface StackConfig {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  /** Null: AWS as the SDK's own environment says, real or emulated. */
  readonly fleet: FleetConfig | null;
  /** Null: the embedded server. */
  readonly temporal: TemporalConfig | null;
  /** Null: PGlite. */
  readonly databaseUrl: string | null;
  readonly bucket: string;
}

/** The bucket that the simulated fleet has in every Region. */
const SIMULATED_BUCKET = 'patchtide-{region}';

const pick = <Name extends keyof typeof variables>(...names: Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, variables[name]])) as Pick<typeof variables, Name>);

const workerSchema = pick(
  'DATABASE_URL',
  'PATCHTIDE_BUCKET',
  'PATCHTIDE_WEBHOOK_URL',
  'PATCHTIDE_WEBHOOK_SECRET',
  'PATCHTIDE_WORKER_HOST',
  'PATCHTIDE_WORKER_PORT',
  'PATCHTIDE_DEPLOYMENT_BUILD',
  'PATCHTIDE_HEALTH_LOOPBACK',
  'PATCHTIDE_LOG_LEVEL',
  'AWS_ENDPOINT_URL',
);

/** @throws ConfigurationError with a line per fault */
export function readWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const [read, temporal] = all(
    () => readEnvironment(workerSchema, environment, OUR_NAMES),
    () => requireTemporal(environment),
    () => refuseHalfAWebhook(environment),
  );
  const { PATCHTIDE_WEBHOOK_URL: url, PATCHTIDE_WEBHOOK_SECRET: secret, PATCHTIDE_WORKER_PORT: port } = read;
  return {
    databaseUrl: read.DATABASE_URL,
    temporal,
    logLevel: read.PATCHTIDE_LOG_LEVEL,
    bucket: read.PATCHTIDE_BUCKET,
    webhook: url && secret ? { url, secret } : null,
    healthProbes: { loopback: read.PATCHTIDE_HEALTH_LOOPBACK === 'allow' },
    probes: port === undefined ? null : { host: read.PATCHTIDE_WORKER_HOST, port },
    deploymentBuild: read.PATCHTIDE_DEPLOYMENT_BUILD ?? null,
  };
}

function refuseHalfAWebhook({ PATCHTIDE_WEBHOOK_URL: url, PATCHTIDE_WEBHOOK_SECRET: secret }: Environment): void {
  if (url && !secret)
    throw new ConfigurationError([
      'PATCHTIDE_WEBHOOK_SECRET: set it together with PATCHTIDE_WEBHOOK_URL: what is sent is signed with it',
    ]);
  if (secret && !url)
    throw new ConfigurationError([
      'PATCHTIDE_WEBHOOK_URL: set it together with PATCHTIDE_WEBHOOK_SECRET, or unset that: there is nothing to sign',
    ]);
}

const apiSchema = pick(
  'DATABASE_URL',
  'PATCHTIDE_HOST',
  'PATCHTIDE_PORT',
  'PATCHTIDE_TEMPORAL_UI',
  'PATCHTIDE_RATE_LIMIT',
  'PATCHTIDE_DRAIN',
  'PATCHTIDE_LOG_LEVEL',
);

/** @throws ConfigurationError with a line per fault */
export function readApiConfig(environment: Environment = process.env): ApiConfig {
  const [read, temporal] = all(
    () => readEnvironment(apiSchema, environment, OUR_NAMES),
    () => requireTemporal(environment),
  );
  return {
    databaseUrl: read.DATABASE_URL,
    temporal,
    logLevel: read.PATCHTIDE_LOG_LEVEL,
    host: read.PATCHTIDE_HOST,
    port: read.PATCHTIDE_PORT,
    requestsPerMinute: read.PATCHTIDE_RATE_LIMIT,
    keysFile: keysFile(environment),
    drain: read.PATCHTIDE_DRAIN * 1_000,
    temporalUi: read.PATCHTIDE_TEMPORAL_UI ?? null,
  };
}

/** The file of API keys. */
export function keysFile(environment: Environment = process.env): string {
  const { PATCHTIDE_KEYS, PATCHTIDE_DATA } = pick('PATCHTIDE_KEYS', 'PATCHTIDE_DATA').parse({
    PATCHTIDE_KEYS: environment.PATCHTIDE_KEYS || undefined,
    PATCHTIDE_DATA: environment.PATCHTIDE_DATA || undefined,
  });
  return PATCHTIDE_KEYS ?? join(PATCHTIDE_DATA, 'keys.json');
}

const fleetSchema = pick('PATCHTIDE_FLEET', 'PATCHTIDE_FLEET_PORT', 'PATCHTIDE_FLEET_SPEED');

const TEMPORAL_NAMES = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_PROFILE',
  ...TEMPORAL_FILES_AND_TLS,
];

export type ServiceName = 'worker' | 'api' | 'fleet' | 'keys';

/** The variables that each of our processes reads. */
export const NAMES: Readonly<Record<ServiceName, readonly string[]>> = {
  worker: [...Object.keys(workerSchema.shape), ...TEMPORAL_NAMES],
  api: [...Object.keys(apiSchema.shape), ...TEMPORAL_NAMES, 'PATCHTIDE_KEYS', 'PATCHTIDE_DATA'],
  fleet: [...Object.keys(fleetSchema.shape), 'PATCHTIDE_FLEET_HOST', 'PATCHTIDE_DATA'],
  keys: ['PATCHTIDE_KEYS', 'PATCHTIDE_DATA'],
};

const stackSchema = z.object({
  ...fleetSchema.shape,
  ...pick('PATCHTIDE_HOST', 'PATCHTIDE_PORT', 'PATCHTIDE_DATA', 'AWS_ENDPOINT_URL').shape,
  PATCHTIDE_BUCKET: variables.PATCHTIDE_BUCKET.optional(),
  DATABASE_URL: variables.DATABASE_URL.optional(),
});

/** @throws ConfigurationError with a line per fault */
export function readStackConfig(environment: Environment = process.env): StackConfig {
  const [read, temporal] = all(
    () => readEnvironment(stackSchema, environment, OUR_NAMES),
    () => readTemporal(environment),
  );
  const simulated = read.PATCHTIDE_FLEET !== 'none' && read.AWS_ENDPOINT_URL === undefined;
  if (!simulated && read.PATCHTIDE_BUCKET === undefined)
    throw new ConfigurationError([
      'PATCHTIDE_BUCKET: is not set; without a simulated fleet it takes the name of your S3 bucket, such as acme-patchtide-{region}',
    ]);
  return {
    data: resolve(read.PATCHTIDE_DATA),
    host: read.PATCHTIDE_HOST,
    port: read.PATCHTIDE_PORT,
    fleet: simulated ? fleetOf(read) : null,
    temporal,
    databaseUrl: read.DATABASE_URL ?? null,
    bucket: read.PATCHTIDE_BUCKET ?? SIMULATED_BUCKET,
  };
}

const fleetOf = (read: z.output<typeof fleetSchema>): FleetConfig => ({
  description: read.PATCHTIDE_FLEET,
  port: read.PATCHTIDE_FLEET_PORT,
  speed: read.PATCHTIDE_FLEET_SPEED,
});

function requireTemporal(environment: Environment): TemporalConfig {
  const missing = 'TEMPORAL_ADDRESS: is not set; it takes a host and port, such as 127.0.0.1:7233';
  const mayBeInAFile = environment.TEMPORAL_CONFIG_FILE || environment.TEMPORAL_PROFILE;
  const [temporal] = all(
    () => readTemporal(environment),
    () => {
      if (!environment.TEMPORAL_ADDRESS && !mayBeInAFile) throw new ConfigurationError([missing]);
    },
  );
  if (temporal === null) throw new ConfigurationError([missing]);
  return temporal;
}
