import { existsSync } from 'node:fs';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { closest } from 'fastest-levenshtein';
import { all, ConfigurationError, type Environment } from './read.js';

export type TemporalConnectionOptions = ClientConnectConfig['connectionOptions'];

/** How Temporal is reached; the options fit both `Connection.connect` and `NativeConnection.connect`. */
export interface TemporalConfig {
  readonly connection: TemporalConnectionOptions & { readonly address: string };
  readonly namespace: string;
}

/**
 * Temporal's own environment configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS… and, only
 * where TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE names one, a configuration file: a file that lies in somebody's home must
 * not point a demo at a production cluster.
 *
 * What Temporal's own reading would pass over in silence is refused here where it would make a connection less safe than
 * was meant: a switch that is neither on nor off, half a client certificate, an API key without TLS, a name that nobody reads.
 * Null where no address is given.
 * @throws ConfigurationError
 */
export function readTemporal(environment: Environment): TemporalConfig | null {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value) set[name] = value;
  const [loaded] = all(
    () => load(set),
    () => refuse([...namesThatNobodyReads(set), ...neitherOnNorOff(set), ...halfACertificate(set)]),
  );
  const { connectionOptions, namespace = 'default' } = loaded;
  const { address, apiKey, tls } = connectionOptions;
  if (!address) return null;
  refuse([
    ...badAddress(address),
    ...(apiKey && tls === false ? ['TEMPORAL_TLS: is off, and the API key would be sent for all to read'] : []),
  ]);
  return { connection: { ...connectionOptions, address }, namespace };
}

/** A file that is named and not there is a mistake; Temporal's own reading takes a missing configuration for an empty one. */
function load(set: Record<string, string>): ClientConnectConfig {
  const missing = Object.entries(set).filter(([name, path]) => FILES.has(name) && !existsSync(path));
  refuse(missing.map(([name, path]) => `${name}: there is no file ${path}`));
  try {
    const named = 'TEMPORAL_CONFIG_FILE' in set || 'TEMPORAL_PROFILE' in set;
    return loadClientConnectConfig({ overrideEnvVars: set, disableFile: !named });
  } catch (failure) {
    // The first line only: those that follow may show a part of the file, in which keys stand.
    const [said] = (failure instanceof Error ? failure.message : String(failure)).split('\n');
    throw new ConfigurationError([`TEMPORAL_…: ${said?.trim()}`]);
  }
}

const TLS_NAMES = new Set([
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_SERVER_NAME',
]);

export const TEMPORAL_FILES_AND_TLS: readonly string[] = ['TEMPORAL_CONFIG_FILE', ...TLS_NAMES];

const FILES = new Set(['TEMPORAL_CONFIG_FILE', ...[...TLS_NAMES].filter((name) => name.endsWith('_PATH'))]);

const namesThatNobodyReads = (set: Record<string, string>): string[] =>
  Object.keys(set)
    .filter((name) => name.startsWith('TEMPORAL_TLS') && !TLS_NAMES.has(name))
    .map((name) => `${name}: is not read; did you mean ${closest(name, [...TLS_NAMES])}?`);

const neitherOnNorOff = ({ TEMPORAL_TLS: tls }: Record<string, string>): string[] =>
  tls === undefined || ['true', 'false', '1', '0'].includes(tls)
    ? []
    : [`TEMPORAL_TLS: ${JSON.stringify(tls)} is neither true nor false`];

function halfACertificate(set: Record<string, string>): string[] {
  const given = (part: string) =>
    [`TEMPORAL_TLS_CLIENT_${part}_PATH`, `TEMPORAL_TLS_CLIENT_${part}_DATA`].some((name) => name in set);
  if (given('CERT') === given('KEY') || 'TEMPORAL_CONFIG_FILE' in set || 'TEMPORAL_PROFILE' in set) return [];
  const [missing, there] = given('CERT') ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
  return [`TEMPORAL_TLS_CLIENT_${missing}_PATH: is not set; it belongs to TEMPORAL_TLS_CLIENT_${there}_…`];
}

const badAddress = (address: string): string[] =>
  /^(\[[\da-fA-F:]+\]|[\w.-]+)(:\d{1,5})?$/.test(address)
    ? []
    : [`TEMPORAL_ADDRESS: ${JSON.stringify(address)} is not a host and port, such as 127.0.0.1:7233`];

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new ConfigurationError(faults);
}
