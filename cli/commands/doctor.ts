import type { z } from 'zod';
import type { doctorBody, doctorReport } from '../../api/schemas/doctor.js';
import { answerJson, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { counted, type Style, wrapped } from '../render/text.js';
import { ROUTES } from '../routes.js';

type Report = z.output<typeof doctorReport>;
type Steps = NonNullable<z.input<typeof doctorBody>>['steps'];
type Location = Report['locations'][number];
type Finding = Report['findings'][number];

/** `doctor`: what is reachable, which rights are missing where, and what else patches. Ends with 1 where something does not work. */
export async function doctor(
  context: Context,
  accounts: readonly string[],
  { steps }: { readonly steps?: NonNullable<Steps> },
): Promise<ExitCode> {
  const route = ROUTES.doctor;
  const found = await context
    .as(route.role)
    .call(route, { body: { ...(accounts.length > 0 && { accounts: [...accounts] }), ...(steps && { steps }) } });
  if (context.json) answerJson(context, found);
  else context.answer(reportText(found, context));
  return found.healthy ? EXIT.done : EXIT.fault;
}

const reportText = ({ service, locations, findings, healthy }: Report, context: Context): string => {
  const { colours } = context;
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  return [
    serviceText(service, context),
    ...locations.map((location) => locationText(location, context)),
    ...findings.map((finding) => findingText(finding, context)),
    healthy
      ? colours.green(
          findings.length === 0 ? 'All is well.' : `It works; ${counted(findings.length, 'thing')} to know.`,
        )
      : colours.red(`${counted(problems, 'problem')}.`),
  ].join('\n\n');
};

type State = readonly [name: string, style: Style, text: string];

const MARK: Readonly<Partial<Record<Style, string>>> = { green: '✔', red: '✖', yellow: '!' };

const stateLines = (states: readonly State[], { colours }: Context): readonly string[] =>
  states.map(
    ([name, style, text]) =>
      `  ${style === 'green' || style === 'red' || style === 'yellow' ? colours[style](MARK[style] ?? '') : ' '} ${name.padEnd(14)} ${text}`,
  );

const serviceText = ({ api, store, temporal, worker }: Report['service'], context: Context): string => {
  const up = (status: 'up' | 'down'): Style => (status === 'up' ? 'green' : 'red');
  return [
    context.colours.bold('Service'),
    ...stateLines(
      [
        ['API', 'green', `version ${api.version}, Node ${api.node}`],
        ['store', up(store.status), store.status],
        ['Temporal', up(temporal.status), [temporal.status, temporal.version].filter(Boolean).join(', version ')],
        ['worker', up(worker.status), [worker.status, worker.version].filter(Boolean).join(', version ')],
      ],
      context,
    ),
  ].join('\n');
};

const locationText = (location: Location, context: Context): string => {
  const { account, accountId, region, roleArn, identity, endpoints, bucket, nodes, steps, otherPatching } = location;
  return [
    `${context.colours.bold(`${account} ${region}`)}  ${accountId}`,
    ...stateLines(
      [
        ['role', identity === null ? 'red' : 'green', identity ?? `${roleArn} could not be assumed`],
        ...endpoints.map(
          ({ endpoint, status, milliseconds }): State => [
            endpoint,
            STYLES[status],
            milliseconds === null ? wordsOf(status) : `${wordsOf(status)}, ${Math.round(milliseconds)} ms`,
          ],
        ),
        ['bucket', STYLES[bucket.status], `${bucket.name}: ${wordsOf(bucket.status)}`],
        [
          'nodes',
          nodes === null ? 'red' : 'green',
          nodes === null ? 'could not be listed' : `${nodes.total}: ${nodes.online} online, ${nodes.stopped} stopped`,
        ],
        ...steps.map(stepState),
        ...(otherPatching ?? []).map(
          ({ kind, name, id, operation, nodes }): State => [
            'also patches',
            'yellow',
            `${wordsOf(kind)} ${name} (${id}): ${operation}${nodes === null ? '' : `, ${counted(nodes, 'node')}`}`,
          ],
        ),
      ],
      context,
    ),
  ].join('\n');
};

const STYLES: Readonly<
  Record<
    Location['endpoints'][number]['status'] | Location['bucket']['status'] | Location['steps'][number]['status'],
    Style
  >
> = {
  up: 'green',
  ok: 'green',
  allowed: 'green',
  unknown: 'yellow',
  down: 'red',
  absent: 'red',
  denied: 'red',
  elsewhere: 'red',
  missing: 'red',
};
const wordsOf = (status: string): string => status.replaceAll('-', ' ');

const stepState = ({ step, status, rights }: Location['steps'][number]): State => {
  const wanting = rights
    .filter((right) => right.status !== 'allowed')
    .map((right) => `${right.action} ${right.status}`);
  return [
    step,
    STYLES[status],
    wanting.length === 0 ? `${counted(rights.length, 'right')} ${wordsOf(status)}` : wanting.join(', '),
  ];
};

const findingText = (
  { severity, account, region, message, advice, code }: Finding,
  { colours, width }: Context,
): string => {
  const colour = severity === 'problem' ? colours.red : colours.yellow;
  const where = [account, region].filter(Boolean).join(' ');
  return [
    `${colour(severity === 'problem' ? 'Problem' : 'Warning')}${where === '' ? '' : `  ${colours.bold(where)}`}  ${colours.dim(code)}`,
    ...wrapped(message, width - 2).map((line) => `  ${line}`),
    ...wrapped(advice, width - 2).map((line) => colours.dim(`  ${line}`)),
  ].join('\n');
};
