import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  ConfigurationError,
  type Environment,
  readApiConfig,
  readStackConfig,
  readWorkerConfig,
} from '../../config/index.js';

const worker = {
  DATABASE_URL: 'postgres://patchtide@db.example.com/patchtide',
  TEMPORAL_ADDRESS: 'temporal.example.com:7233',
  PATCHTIDE_BUCKET: 'acme-{region}',
};

const faultsOf = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (failure) {
    if (failure instanceof ConfigurationError) return failure.faults;
    throw failure;
  }
  return [];
};

describe('the embedded stack', () => {
  test('needs no variable: its own server, PGlite and the demo fleet', () => {
    expect(readStackConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      fleet: { description: 'demo', port: 4599, speed: 60 },
      temporal: null,
      databaseUrl: null,
      bucket: 'patchtide-{region}',
    });
  });

  test('an empty variable is one that is not set', () => {
    expect(readStackConfig({ PATCHTIDE_PORT: '', TEMPORAL_ADDRESS: '' })).toMatchObject({ port: 8080, temporal: null });
  });

  test.each([{ AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }, { PATCHTIDE_FLEET: 'none' }])(
    'no simulated fleet with %j, and then the bucket is to be named',
    (environment) => {
      expect(readStackConfig({ ...environment, PATCHTIDE_BUCKET: 'acme' })).toMatchObject({
        fleet: null,
        bucket: 'acme',
      });
      expect(faultsOf(() => readStackConfig(environment))).toEqual([expect.stringContaining('PATCHTIDE_BUCKET')]);
    },
  );

  test('a slip in a name is refused with the right spelling', () => {
    expect(faultsOf(() => readStackConfig({ PATCHTIDE_FLET: 'none' }))).toEqual([
      'PATCHTIDE_FLET: there is no such variable; did you mean PATCHTIDE_FLEET?',
    ]);
  });

  test('every fault has its line, with what was expected', () => {
    const faults = faultsOf(() =>
      readStackConfig({
        PATCHTIDE_PORT: '70000',
        PATCHTIDE_FLEET_SPEED: 'fast',
        PATCHTIDE_BUCKET: 'acme-{zone}',
        DATABASE_URL: 'mysql://me:hunter2@db',
        AWS_ENDPOINT_URL: 'nowhere',
        TEMPORAL_PROFILE: 'missing',
      }),
    );
    expect(faults).toEqual([
      'PATCHTIDE_FLEET_SPEED: "fast" is not a positive number, such as 60',
      'PATCHTIDE_PORT: "70000" is not a port from 1 to 65535, or 0 for a free one, such as 8080',
      'AWS_ENDPOINT_URL: "nowhere" is not an http or https URL, such as http://127.0.0.1:4566',
      'PATCHTIDE_BUCKET: "acme-{zone}" is not a name with no placeholder but {region}, such as patchtide-{region}',
      expect.stringMatching(/^DATABASE_URL: is not PostgreSQL's URL, such as postgres:/),
      expect.stringMatching(/^TEMPORAL_…: .+/),
    ]);
    expect(faults.join()).not.toContain('hunter2');
  });
});

describe('a worker', () => {
  test('is configured by its environment alone', () => {
    expect(readWorkerConfig(worker)).toEqual({
      databaseUrl: worker.DATABASE_URL,
      temporal: { connection: expect.objectContaining({ address: worker.TEMPORAL_ADDRESS }), namespace: 'default' },
      healthProbes: { loopback: false },
      logLevel: 'info',
      bucket: 'acme-{region}',
      webhook: null,
      probes: null,
      deploymentBuild: null,
    });
  });

  test('lets health checks ask its own machine only where that is said', () => {
    const loopback = (said: string) => readWorkerConfig({ ...worker, PATCHTIDE_HEALTH_LOOPBACK: said });
    expect(loopback('allow').healthProbes).toEqual({ loopback: true });
    expect(faultsOf(() => loopback('yes'))).toEqual([expect.stringMatching(/^PATCHTIDE_HEALTH_LOOPBACK: /)]);
  });

  test('says which build it is where that is given', () => {
    const build = (id: string) => readWorkerConfig({ ...worker, PATCHTIDE_DEPLOYMENT_BUILD: id });
    expect(build('0.2.0-3f2a9c1').deploymentBuild).toBe('0.2.0-3f2a9c1');
    expect(faultsOf(() => build('the new one'))).toEqual([expect.stringMatching(/^PATCHTIDE_DEPLOYMENT_BUILD: /)]);
  });

  test('without its environment is told all that it needs', () => {
    expect(faultsOf(() => readWorkerConfig({})).map((fault) => fault.split(':')[0])).toEqual([
      'DATABASE_URL',
      'PATCHTIDE_BUCKET',
      'TEMPORAL_ADDRESS',
    ]);
  });

  test('does not send what it cannot sign', () => {
    const faults = faultsOf(() =>
      readWorkerConfig({ ...worker, PATCHTIDE_WEBHOOK_URL: 'https://hooks.example.com/x' }),
    );
    expect(faults).toEqual([expect.stringMatching(/^PATCHTIDE_WEBHOOK_SECRET: set it together/)]);
  });
});

describe('the API', () => {
  test('takes its keys from the file that is named, else from the data folder', () => {
    expect(readApiConfig({ ...worker, PATCHTIDE_DATA: '/var/lib/patchtide' }).keysFile).toBe(
      '/var/lib/patchtide/keys.json',
    );
    expect(readApiConfig({ ...worker, PATCHTIDE_KEYS: '/run/secrets/keys' }).keysFile).toBe('/run/secrets/keys');
  });

  test('drains for as long as it is told, in seconds', () => {
    expect(readApiConfig(worker).drain).toBe(0);
    expect(readApiConfig({ ...worker, PATCHTIDE_DRAIN: '5' }).drain).toBe(5_000);
  });
});

describe('Temporal', () => {
  let folder = '';
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'patchtide-temporal-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (environment: Environment) => readWorkerConfig({ ...worker, ...environment }).temporal;

  test('Cloud by API key: TLS is on by itself', () => {
    const cloud = {
      TEMPORAL_ADDRESS: 'eu-west-1.aws.api.temporal.io:7233',
      TEMPORAL_NAMESPACE: 'patching.acme',
      TEMPORAL_API_KEY: 'secret',
    };
    expect(read(cloud)).toMatchObject({
      namespace: 'patching.acme',
      connection: { address: cloud.TEMPORAL_ADDRESS, apiKey: 'secret', tls: true },
    });
  });

  test('Cloud by client certificate, and a server of your own with its own authority', () => {
    const { connection } = read({
      TEMPORAL_NAMESPACE: 'patching.acme',
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('tls.crt', 'certificate'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file('tls.key', 'key'),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca.crt', 'authority'),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.internal',
    });
    const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();
    const tls = typeof connection.tls === 'object' && connection.tls ? connection.tls : {};
    expect(tls).toMatchObject({ serverNameOverride: 'temporal.internal' });
    expect(text(tls.serverRootCACertificate)).toBe('authority');
    expect([text(tls.clientCertPair?.crt), text(tls.clientCertPair?.key)]).toEqual(['certificate', 'key']);
  });

  test('by a profile of its configuration file, over which the environment goes', () => {
    const TEMPORAL_CONFIG_FILE = file(
      'temporal.toml',
      '[profile.production]\naddress = "temporal.internal:7233"\nnamespace = "patching"\napi_key = "secret"\n',
    );
    const environment = {
      ...worker,
      TEMPORAL_ADDRESS: undefined,
      TEMPORAL_CONFIG_FILE,
      TEMPORAL_PROFILE: 'production',
    };
    expect(readWorkerConfig(environment).temporal).toMatchObject({
      namespace: 'patching',
      connection: { address: 'temporal.internal:7233', apiKey: 'secret', tls: true },
    });
    expect(readWorkerConfig({ ...environment, TEMPORAL_NAMESPACE: 'other' }).temporal.namespace).toBe('other');
  });

  test('without TLS where nothing asks for it', () => {
    expect(read({}).connection.tls).toBeUndefined();
  });

  test('a faulty configuration file is refused without showing what stands in it', () => {
    const TEMPORAL_CONFIG_FILE = file('broken.toml', '[profile.default]\napi_key = "hunter2" oops\n');
    const faults = faultsOf(() => read({ TEMPORAL_CONFIG_FILE }));
    expect(faults).toEqual([expect.stringMatching(/^TEMPORAL_…: .*TOML/)]);
    expect(faults.join()).not.toContain('hunter2');
  });

  test('half a client certificate is refused: the other half would be passed over in silence', () => {
    expect(faultsOf(() => read({ TEMPORAL_TLS_CLIENT_CERT_PATH: file('tls.crt', 'certificate') }))).toEqual([
      'TEMPORAL_TLS_CLIENT_KEY_PATH: is not set; it belongs to TEMPORAL_TLS_CLIENT_CERT_…',
    ]);
  });
});
