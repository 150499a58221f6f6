import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, readApiConfig, readStackConfig, readWorkerConfig } from '../../config/index.js';

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
      expect.stringMatching(/^DATABASE_URL: takes PostgreSQL's URL, such as postgres:/),
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
      logLevel: 'info',
      bucket: 'acme-{region}',
      webhook: null,
    });
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

test('the API takes its keys from the data folder, and a secured Temporal as Temporal names it', () => {
  const config = readApiConfig({
    ...worker,
    PATCHTIDE_DATA: '/var/lib/patchtide',
    TEMPORAL_NAMESPACE: 'patching.acme',
    TEMPORAL_API_KEY: 'secret',
  });
  expect(config.keysFile).toBe('/var/lib/patchtide/keys.json');
  expect(config.temporal).toEqual({
    namespace: 'patching.acme',
    connection: expect.objectContaining({ address: worker.TEMPORAL_ADDRESS, apiKey: 'secret', tls: expect.anything() }),
  });
});
