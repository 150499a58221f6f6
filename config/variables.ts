import { z } from 'zod';

/** A refusal that says what was expected and shows it. */
const expected = (what: string, example: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined
      ? `is not set; it takes ${what}, such as ${example}`
      : `${JSON.stringify(input)} is not ${what}, such as ${example}`,
});

/** The same without showing what was given: it may hold a secret. */
const expectedSecret = (what: string, example: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `is not set; it takes ${what}, such as ${example}` : `is not ${what}, such as ${example}`,
});

const url = (protocol: RegExp, what: string, example: string) => z.url({ protocol, ...expected(what, example) });

const port = (standard: number) =>
  z
    .string()
    .refine(
      (digits) => /^\d{1,5}$/.test(digits) && Number(digits) <= 65_535,
      expected('a port from 1 to 65535, or 0 for a free one', String(standard)),
    )
    .transform(Number);

/** An address to listen on. */
const host = () =>
  z
    .string()
    .regex(/^[\w.:-]+$/, expected('an address to listen on', '127.0.0.1'))
    .default('127.0.0.1');

/**
 * Every variable of ours, and those of others that we read, each with its meaning, default and refusal. A process picks
 * its own.
 */
export const variables = {
  /** The API's port; 0 for a free one. */
  PATCHTIDE_PORT: port(8080).default(8080),
  PATCHTIDE_HOST: host(),
  /** The worker's probes and measurements; unset for none, 0 for a free one. */
  PATCHTIDE_WORKER_PORT: port(8081).optional(),
  PATCHTIDE_WORKER_HOST: host(),
  /** The version that this worker says it is, for Temporal's worker versioning; `bundle`: of the release and its workflows. Unset: none. */
  PATCHTIDE_DEPLOYMENT_BUILD: z
    .string()
    .regex(/^[\w.+-]{1,80}$/, expected('the id of a build, or `bundle`', '0.2.0-3f2a9c1'))
    .optional(),
  /** Whether the health checks of plans may ask the worker's own machine: for a fleet that is simulated there. */
  PATCHTIDE_HEALTH_LOOPBACK: z.enum(['allow', 'refuse'], expected('allow or refuse', 'refuse')).default('refuse'),
  /** The file of API keys; `keys.json` in PATCHTIDE_DATA where it is not set. */
  PATCHTIDE_KEYS: z.string().optional(),
  /** Seconds that the API goes on serving after SIGTERM while it says that it is not ready. */
  PATCHTIDE_DRAIN: z
    .string()
    .refine((digits) => /^\d{1,3}$/.test(digits), expected('a number of seconds up to 999', '5'))
    .transform(Number)
    .default(0),
  /** Requests a minute that one caller of the API may send. */
  PATCHTIDE_RATE_LIMIT: z
    .string()
    .regex(/^[1-9]\d{0,6}$/, expected('a number of requests from 1 to 9999999', '1200'))
    .transform(Number)
    .default(1_200),
  /** Folder of the embedded stack; in it `keys.json`. */
  PATCHTIDE_DATA: z.string().default('.patchtide'),
  /** `demo`, a file that describes a fleet, or `none`. */
  PATCHTIDE_FLEET: z.string().default('demo'),
  PATCHTIDE_FLEET_PORT: port(4599).default(4599),
  PATCHTIDE_FLEET_HOST: host(),
  /** The factor by which the fleet's durations shrink. */
  PATCHTIDE_FLEET_SPEED: z
    .string()
    .regex(/^(?!0*\.?0*$)\d*\.?\d+$/, expected('a positive number', '60'))
    .transform(Number)
    .default(60),
  /** S3 bucket for patch sets, command output and reports; `{region}` stands for the Region. */
  PATCHTIDE_BUCKET: z
    .string(expected('the name of an S3 bucket', 'acme-patchtide-{region}'))
    .regex(/^[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}]$/, expected('the name of an S3 bucket', 'patchtide-{region}'))
    .regex(/^([^{}]|\{region\})*$/, expected('a name with no placeholder but {region}', 'patchtide-{region}')),
  /** Told, signed by Standard Webhooks, what a person waits for. */
  PATCHTIDE_WEBHOOK_URL: z
    .url({ protocol: /^https?$/, ...expectedSecret('an http or https URL', 'https://hooks.example.com/patchtide') })
    .optional(),
  PATCHTIDE_WEBHOOK_SECRET: z
    .string()
    .regex(
      /^whsec_[A-Za-z0-9+/=]{16,}$/,
      expectedSecret('a Standard Webhooks secret', 'whsec_ and base64 of 24 random bytes'),
    )
    .optional(),
  /** Where the Temporal UI is, for links. */
  PATCHTIDE_TEMPORAL_UI: url(/^https?$/, 'an http or https URL', 'http://127.0.0.1:8233').optional(),
  PATCHTIDE_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], expected('a level of pino', 'info'))
    .default('info'),
  /** For the command line. */
  PATCHTIDE_URL: url(/^https?$/, 'an http or https URL', 'http://127.0.0.1:8080').optional(),
  PATCHTIDE_API_KEY: z.string().optional(),
  /** Never shown in a refusal: a password may be in it. */
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    ...expectedSecret("PostgreSQL's URL", 'postgres://patchtide:secret@db.example.com:5432/patchtide'),
  }),
  /** AWS's own: with it that endpoint is used, and no simulated fleet is started. */
  AWS_ENDPOINT_URL: url(/^https?$/, 'an http or https URL', 'http://127.0.0.1:4566').optional(),
} as const;

export const OUR_NAMES: readonly string[] = Object.keys(variables).filter((name) => name.startsWith('PATCHTIDE_'));
