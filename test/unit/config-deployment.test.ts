import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { keysFile, NAMES, readApiConfig, readWorkerConfig, type ServiceName } from '../../config/index.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.js';

/*
 * No container engine is at hand where this runs, so the Dockerfile and the compose file are held against what the
 * processes really read: no variable that nobody reads, none missing, and nothing started or copied that is not there.
 */
const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const isThere = (path: string): boolean => existsSync(new URL(path, root));

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly deploy?: { readonly replicas: number };
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (!service) throw new Error(`There is no service ${name}.`);
  return service;
};

const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .flatMap((line) => {
    const [, instruction, rest] = /^([A-Z]+)\s+(.+)$/.exec(line.trim()) ?? [];
    return instruction && rest ? [{ instruction, rest: rest.trim() }] : [];
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ instruction }) => instruction === 'FROM'));
const imageEnvironment = Object.fromEntries(
  lastStage
    .filter(({ instruction }) => instruction === 'ENV')
    .flatMap(({ rest }) => rest.split(/\s+/).map((pair) => pair.split('=', 2) as [string, string])),
);

const FLEET_ENV = Object.fromEntries(
  read('deploy/compose/fleet.env')
    .split('\n')
    .filter((line) => line.includes('=') && !line.startsWith('#'))
    .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
);

/** A service's environment as its processes see it, with these variables where compose is run. */
const environmentOf = (name: string, outside: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const interpolated = Object.entries(serviceOf(name).environment ?? {}).map(([variable, value]) => [
    variable,
    String(value).replace(
      /\$\{(\w+)(?::-([^}]*))?\}/g,
      (_all, asked: string, otherwise = '') => outside[asked] || otherwise,
    ),
  ]);
  return { ...imageEnvironment, ...Object.fromEntries(interpolated) };
};

/** Our processes by the service that runs them; `keys` makes API keys. */
const OURS = ['api', 'worker', 'fleet', 'keys'] as const satisfies readonly ServiceName[];
/** The AWS SDK's own; those that the default credential chain needs in a container. */
const OF_THE_SDK = ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
/** Variables of others, by image, as their own references name them. */
const OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  postgres: ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'TEMPORAL_DB_PASSWORD'],
  'temporalio/admin-tools': ['SQL_PASSWORD', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'],
  'temporalio/server': [
    ...['DB', 'DB_PORT', 'POSTGRES_USER', 'POSTGRES_PWD', 'POSTGRES_SEEDS'],
    ...['BIND_ON_IP', 'DYNAMIC_CONFIG_FILE_PATH'],
  ],
  'temporalio/ui': ['TEMPORAL_ADDRESS'],
};

describe('the environment', () => {
  test.each(OURS)('of %s has no variable that it does not read', (name) => {
    const known = [...NAMES[name], ...(name === 'worker' ? OF_THE_SDK : [])];
    expect(Object.keys(serviceOf(name).environment ?? {}).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  test('of the image has no variable that none of them reads', () => {
    const known = [...OURS.flatMap((name) => NAMES[name]), 'NODE_ENV'];
    expect(Object.keys(imageEnvironment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  test('of the others has none that their images do not know', () => {
    for (const [name, { image, environment = {} }] of services) {
      if (OURS.some((ours) => ours === name)) continue;
      const known = OF_OTHERS[image.split(':')[0] ?? ''] ?? [];
      expect([name, Object.keys(environment).filter((variable) => !known.includes(variable))]).toEqual([name, []]);
    }
  });

  test('lacks nothing: API and worker accept it, with the fleet and with a bucket of yours', () => {
    expect(readApiConfig(environmentOf('api'))).toMatchObject({ host: '0.0.0.0', port: 8080 });
    for (const outside of [FLEET_ENV, { PATCHTIDE_BUCKET: 'acme-{region}' }])
      expect(readWorkerConfig(environmentOf('worker', outside))).toMatchObject({
        bucket: outside.PATCHTIDE_BUCKET,
        probes: { host: '0.0.0.0', port: 8081 },
      });
    expect(() => readWorkerConfig(environmentOf('worker'))).toThrow('PATCHTIDE_BUCKET');
  });

  test('agrees between services: keys are read where they are made, Temporal and the fleet where they are', () => {
    expect(keysFile(environmentOf('api'))).toBe(keysFile(environmentOf('keys')));
    const hosts = ['api', 'worker'].map((name) => environmentOf(name).TEMPORAL_ADDRESS?.split(':')[0]);
    expect(hosts).toEqual(['temporal', 'temporal']);
    const fleet = new URL(FLEET_ENV.AWS_ENDPOINT_URL ?? '');
    expect([fleet.hostname, fleet.port]).toEqual(['fleet', environmentOf('fleet').PATCHTIDE_FLEET_PORT]);
    expect(FLEET_ENV.COMPOSE_PROFILES).toBe(serviceOf('fleet').profiles?.[0]);
  });

  test('holds no secret but the defaults that are documented', () => {
    const secrets = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|SECRET|KEY$|TOKEN/.test(name)),
    );
    for (const [name, value] of secrets)
      expect([name, value]).toEqual([name, expect.stringMatching(/^\$\{\w+:-\w*\}$/)]);
  });
});

describe('what is run', () => {
  test.each(OURS)('%s starts a module that the build makes', (name) => {
    const [module = ''] =
      serviceOf(name).command ?? JSON.parse(lastStage.find(({ instruction }) => instruction === 'CMD')?.rest ?? '[]');
    expect(module).toMatch(/^dist\/.+\.js$/);
    expect(isThere(module.replace(/^dist\//, '').replace(/\.js$/, '.ts'))).toBe(true);
    const script: Record<string, string> = JSON.parse(read('package.json')).scripts;
    expect(script[name]).toBe(`node scripts/launch.mjs ${module.replace(/^dist\//, '')}`);
  });

  test('health checks ask what is in the image', () => {
    const checks = [
      ...services.flatMap(([name, { healthcheck }]) =>
        OURS.some((ours) => ours === name) && healthcheck?.test ? [healthcheck.test.slice(1)] : [],
      ),
      JSON.parse(
        lastStage.find(({ instruction }) => instruction === 'HEALTHCHECK')?.rest.replace(/^.*CMD /, '') ?? '[]',
      ),
    ];
    expect(checks.length).toBe(3);
    for (const [program, script] of checks) expect([program, script]).toEqual(['node', 'deploy/healthcheck.mjs']);
  });

  test('a process is nobody of note, on a file system that it cannot write, and there are two of each', () => {
    expect(lastStage.find(({ instruction }) => instruction === 'USER')?.rest).toBe('node');
    for (const name of OURS) expect(serviceOf(name).read_only).toBe(true);
    expect([serviceOf('api').deploy?.replicas, serviceOf('worker').deploy?.replicas]).toEqual([2, 2]);
  });

  test('every image is pinned, and no port is open to the network', () => {
    const bases = [/^ARG NODE=(.+)$/m.exec(read('Dockerfile'))?.[1] ?? '', ...services.map(([, { image }]) => image)];
    for (const image of bases) expect(image).toMatch(/\d+\.\d+(\.\d+)?|^patchtide:local$/);
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('what is copied and mounted', () => {
  test('is there', () => {
    const copied = instructions
      .filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
    expect(copied.length).toBeGreaterThan(2);
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const files = mounted.filter((source) => source.startsWith('./'));
    expect([...copied, ...files].filter((source) => !isThere(source))).toEqual([]);
    const named = mounted.filter((source) => !source.startsWith('./'));
    expect(named.filter((source) => !(source in compose.volumes))).toEqual([]);
  });

  test('is not kept from the build', () => {
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    for (const kept of [...JSON.parse(read('tsconfig.json')).include, 'examples', 'scripts', 'package-lock.json'])
      expect(ignored).not.toContain(kept);
    expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', '.patchtide', '**/keys.json']));
  });

  test('from the build stage, is what the build makes or the repository holds', () => {
    const sources = lastStage
      .filter(({ rest }) => rest.startsWith('--from=build'))
      .map(({ rest }) => rest.split(/\s+/)[1]?.replace('/app/', '') ?? '');
    expect(sources).toEqual(['package.json', 'node_modules', 'dist', 'examples']);
  });
});

test('Temporal gets every search attribute that the workflows carry', () => {
  const [, created = ''] = /for attribute in (.+); do/.exec(read('deploy/compose/temporal-namespace.sh')) ?? [];
  expect(created.split(' ').sort()).toEqual([...SEARCH_ATTRIBUTES].sort());
});

test('whatever a service waits for is there, and can be waited for', () => {
  for (const [name, { depends_on = {} }] of services)
    for (const [awaited, { condition }] of Object.entries(depends_on)) {
      const { healthcheck } = serviceOf(awaited);
      expect([name, awaited, condition === 'service_healthy' ? Boolean(healthcheck?.test) : true]).toEqual([
        name,
        awaited,
        true,
      ]);
    }
});
