import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { StackConfig, TemporalConfig } from '../config/index.js';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../workflows/messages.js';
import type { Endpoints } from './endpoints.js';
import type { PartDescription } from './part.js';
import { answersOk, listens } from './readiness.js';

/** In the order of their start; they are ended the other way round. */
export const PART_NAMES = ['temporal', 'database', 'fleet', 'worker', 'api'] as const;

/** Where everything of the stack is reached, its own parts and those that it was given. */
export interface Addresses {
  readonly api: string;
  readonly temporalUi: string | null;
  /** Null without a simulated fleet. */
  readonly fleet: string | null;
  readonly temporal: TemporalConfig;
  readonly databaseUrl: string;
}

export function addressesOf(config: StackConfig, endpoints: Endpoints, namespace: string): Addresses {
  const embedded = { connection: { address: `127.0.0.1:${endpoints.temporal}` }, namespace };
  return {
    api: `http://${config.host}:${endpoints.api}`,
    temporalUi: config.temporal ? null : `http://127.0.0.1:${endpoints.temporalUi}`,
    fleet: config.fleet && `http://127.0.0.1:${endpoints.fleet}`,
    temporal: config.temporal ?? embedded,
    databaseUrl:
      config.databaseUrl ??
      `postgres://patchtide:${endpoints.databasePassword}@127.0.0.1:${endpoints.database}/postgres`,
  };
}

/**
 * The processes that this configuration needs, in groups that start side by side, each group after the one before.
 * @param cli the Temporal CLI's path; null where Temporal is given
 */
export function partsOf(
  config: StackConfig,
  endpoints: Endpoints,
  addresses: Addresses,
  cli: string | null,
  worker = new URL('../worker/main.js', import.meta.url),
): PartDescription[][] {
  const surroundings = process.env;
  const ours = environmentOfOurs(config, endpoints, addresses);
  const given: PartDescription[] = [];
  if (cli !== null)
    given.push({
      name: 'temporal',
      run: { program: cli },
      args: temporalArguments(config.data, endpoints, addresses.temporal.namespace),
      environment: surroundings,
      isReady: () => namespaceAnswers(addresses.temporal),
      grace: 10_000,
    });
  if (config.databaseUrl === null)
    given.push({
      name: 'database',
      run: { module: new URL('./database.js', import.meta.url) },
      args: [config.data],
      environment: surroundings,
      isReady: () => listens(endpoints.database),
      grace: 10_000,
    });
  if (config.fleet !== null)
    given.push({
      name: 'fleet',
      run: { module: new URL('../simulator/main.js', import.meta.url) },
      args: [],
      environment: { ...surroundings, PATCHTIDE_DATA: config.data, PATCHTIDE_FLEET_PORT: String(endpoints.fleet) },
      isReady: () => answersOk(`${addresses.fleet}/_fleet`),
      grace: 5_000,
    });
  const services: PartDescription[] = [
    {
      name: 'worker',
      run: { module: worker },
      args: [],
      environment: ours,
      isReady: () => isPolled(addresses.temporal),
      grace: 30_000,
    },
    {
      name: 'api',
      run: { module: new URL('../api/server.js', import.meta.url) },
      args: [],
      environment: ours,
      isReady: () => answersOk(`${addresses.api}/readyz`),
      grace: 10_000,
    },
  ];
  return [given, services];
}

const temporalArguments = (data: string, endpoints: Endpoints, namespace: string): string[] => [
  ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--ui-disable-news-fetch'],
  ...['--port', String(endpoints.temporal), '--ui-port', String(endpoints.temporalUi)],
  ...['--namespace', namespace, '--db-filename', join(data, 'temporal.sqlite')],
  ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
];

/** What the production processes are configured with; a simulated fleet gets credentials that no real AWS would take. */
function environmentOfOurs(config: StackConfig, endpoints: Endpoints, addresses: Addresses): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATCHTIDE_DATA: config.data,
    PATCHTIDE_KEYS: join(config.data, 'keys.json'),
    PATCHTIDE_HOST: config.host,
    PATCHTIDE_PORT: String(endpoints.api),
    PATCHTIDE_BUCKET: config.bucket,
    DATABASE_URL: addresses.databaseUrl,
  };
  if (addresses.temporalUi) environment.PATCHTIDE_TEMPORAL_UI = addresses.temporalUi;
  if (config.temporal === null) {
    for (const name of Object.keys(environment)) if (name.startsWith('TEMPORAL_')) delete environment[name];
    environment.TEMPORAL_ADDRESS = addresses.temporal.connection.address;
    environment.TEMPORAL_NAMESPACE = addresses.temporal.namespace;
  }
  if (addresses.fleet !== null) {
    for (const name of Object.keys(environment)) if (name.startsWith('AWS_')) delete environment[name];
    environment.AWS_ENDPOINT_URL = addresses.fleet;
    // The health addresses of a simulated application are on this machine.
    environment.PATCHTIDE_HEALTH_LOOPBACK ??= 'allow';
    environment.AWS_REGION = 'us-east-1';
    environment.AWS_ACCESS_KEY_ID = 'SIMULATED';
    environment.AWS_SECRET_ACCESS_KEY = 'simulated';
  }
  return environment;
}

async function namespaceAnswers({ connection: options, namespace }: TemporalConfig): Promise<boolean> {
  const connection = await Connection.connect({ ...options, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } finally {
    await connection.close();
  }
}

async function isPolled({ connection: options, namespace }: TemporalConfig): Promise<boolean> {
  const connection = await Connection.connect({ ...options, connectTimeout: 1_000 });
  try {
    const taskQueue = { name: TASK_QUEUE };
    const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue, taskQueueType: 1 });
    return (pollers ?? []).length > 0;
  } finally {
    await connection.close();
  }
}
