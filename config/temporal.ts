import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigurationError, type Environment } from './read.js';

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
 * Null where no address is given.
 * @throws ConfigurationError
 */
export function readTemporal(environment: Environment): TemporalConfig | null {
  const overrideEnvVars: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value) overrideEnvVars[name] = value;
  const named = 'TEMPORAL_CONFIG_FILE' in overrideEnvVars || 'TEMPORAL_PROFILE' in overrideEnvVars;
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({
      overrideEnvVars,
      disableFile: !named,
    });
    const { address } = connectionOptions;
    return address ? { connection: { ...connectionOptions, address }, namespace } : null;
  } catch (failure) {
    throw new ConfigurationError([`TEMPORAL_…: ${failure instanceof Error ? failure.message : String(failure)}`]);
  }
}
