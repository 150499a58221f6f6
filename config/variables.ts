import { z } from 'zod';

/** A refusal that says what was expected and shows it. */
const expected = (what: string, example: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined
      ? `is not set; it takes ${what}, such as ${example}`
      : `${JSON.stringify(input)} is not ${what}, such as ${example}`,
});

const url = (protocol: RegExp, what: string, example: string) => z.url({ protocol, ...expected(what, example) });

const port = (standard: number) =>
  z
    .string()
    .refine(
      (digits) => /^\d{1,5}$/.test(digits) && Number(digits) <= 65_535,
      expected('a port from 1 to 65535, or 0 for a free one', String(standard)),
    )
    .transform(Number)
    .default(standard);

/**
 * Every variable of ours, and those of others that we read, each with its meaning, default and refusal. A process picks
 * its own.
 */
export const variables = {
  /** The API's port; 0 for a free one. */
  PATCHTIDE_PORT: port(8080),
  PATCHTIDE_HOST: z.string().default('127.0.0.1'),
  /** Folder of the embedded stack; in it `keys.json`. */
  PATCHTIDE_DATA: z.string().default('.patchtide'),
  /** `demo`, a file that describes a fleet, or `none`. */
  PATCHTIDE_FLEET: z.string().default('demo'),
  PATCHTIDE_FLEET_PORT: port(4599),
  /** The factor by which the fleet's durations shrink. */
  PATCHTIDE_FLEET_SPEED: z
    .string()
    .regex(/^(?!0*\.?0*$)\d*\.?\d+$/, expected('a positive number', '60'))
    .transform(Number)
    .default(60),
  /** S3 bucket for patch sets, command output and reports; `{region}` stands for the Region. */
  PATCHTIDE_BUCKET: z
    .string()
    .regex(/^[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}]$/, expected('the name of an S3 bucket', 'patchtide-{region}'))
    .regex(/^([^{}]|\{region\})*$/, expected('a name with no placeholder but {region}', 'patchtide-{region}')),
  /** Told, signed by Standard Webhooks, what a person waits for. */
  PATCHTIDE_WEBHOOK_URL: url(/^https?$/, 'an http or https URL', 'https://hooks.example.com/patchtide').optional(),
  PATCHTIDE_WEBHOOK_SECRET: z
    .string()
    .regex(
      /^whsec_[A-Za-z0-9+/=]{16,}$/,
      expected('a Standard Webhooks secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
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
    error: "takes PostgreSQL's URL, such as postgres://patchtide:secret@db.example.com:5432/patchtide",
  }),
  /** AWS's own: with it that endpoint is used, and no simulated fleet is started. */
  AWS_ENDPOINT_URL: url(/^https?$/, 'an http or https URL', 'http://127.0.0.1:4566').optional(),
} as const;

export const OUR_NAMES: readonly string[] = Object.keys(variables).filter((name) => name.startsWith('PATCHTIDE_'));
