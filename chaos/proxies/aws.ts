import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultInput } from '../../simulator/index.js';
import type { Fault, Gate, ServiceProxy } from '../faults.js';
import { runIn } from '../names.js';
import { describeCall } from './aws-calls.js';

/** The fleet of a run. */
export interface RunFleet {
  readonly url: string;
  /** Node id to name. */
  readonly nodes: ReadonlyMap<string, string>;
}

export interface AwsSide {
  /** Null where the run has ended. */
  fleetOf(run: string): RunFleet | null;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What the simulator is asked for where a call is to be refused: it refuses in the words of the call's service. */
const REFUSALS: Partial<Record<Fault, FaultInput['fault']>> = {
  throttled: 'throttle',
  expired: 'expire-credentials',
  failed: 'error-500',
};

/**
 * A proxy in front of the simulated fleets, one fleet for each run: knows the run by the account, whose credentials it has seen
 * being given out, and lets go wrong what the gate says.
 */
export async function openAwsProxy(side: AwsSide, gate: Gate): Promise<ServiceProxy> {
  /** Access key to account. */
  const accounts = new Map<string, string>();
  const agent = new Agent({ keepAlive: true });
  const server = createServer((message, response) => {
    read(message)
      .then((body) =>
        handle({ method: message.method ?? 'GET', path: message.url ?? '/', headers: message.headers, body }, response),
      )
      .catch(() => response.destroy());
  });

  async function handle(asked: Asked, response: ServerResponse): Promise<void> {
    const text = asked.body.toString('utf8');
    const account = accounts.get(accessKeyOf(asked.headers)) ?? ROLE.exec(text)?.[1] ?? '';
    const run = runIn(account);
    const fleet = run === null ? null : side.fleetOf(run);
    if (run === null || fleet === null) return void response.destroy();
    const call = describeCall({ ...asked, account }, text, fleet.nodes);
    const fault = gate.pass(run, call);
    if (fault === 'killed-before') return gate.kill();
    const refusal = fault === null ? undefined : REFUSALS[fault];
    if (refusal !== undefined) await plant(fleet, { fault: refusal, operation: call.operation.replace(/^\w+:/, '') });
    const answer = await forward(fleet.url, asked, agent);
    const given = /<AccessKeyId>([^<]+)</.exec(answer.body.toString('latin1'))?.[1];
    if (given !== undefined) accounts.set(given, account);
    if (fault === 'killed-after') gate.kill();
    else if (fault === 'reply-lost') response.destroy();
    else if (fault !== 'timed-out') response.writeHead(answer.status, headersOf(answer)).end(answer.body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whose role an AssumeRole asks for. */
const ROLE = /RoleArn=arn%3Aaws%3Aiam%3A%3A(\d{12})/;
const accessKeyOf = (headers: IncomingHttpHeaders): string =>
  /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';

async function plant(fleet: RunFleet, input: FaultInput): Promise<void> {
  const answer = await fetch(`${fleet.url}/_fleet/faults`, { method: 'POST', body: JSON.stringify(input) });
  await answer.body?.cancel();
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function forward(to: string, asked: Asked, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, headers, path } = asked;
    const onward = request(new URL(path, to), { method, headers, agent }, (message) => {
      read(message).then(
        (body) => resolve({ status: message.statusCode ?? 500, headers: message.headers, body }),
        reject,
      );
    });
    onward.once('error', reject);
    onward.end(asked.body);
  });
}

function headersOf({ headers, body }: Answer): IncomingHttpHeaders {
  const { 'transfer-encoding': _chunked, connection: _hop, ...kept } = headers;
  return { ...kept, 'content-length': String(body.length) };
}
