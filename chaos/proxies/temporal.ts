import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Call, Fault, Gate, ServiceProxy } from '../faults.js';
import { runIn, withoutRun } from '../names.js';
import { bytesIn, textIn } from './protobuf.js';

/** gRPC's codes (statuscodes.md of its documentation) for what is to go wrong. */
const STATUS: Partial<Record<Fault, readonly [code: number, message: string]>> = {
  throttled: [8, 'namespace rate limit exceeded'],
  failed: [14, 'connection refused by the chaos proxy'],
  expired: [16, 'Request unauthorized.'],
};

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
}

/**
 * A proxy in front of a Temporal server that knows each call of a worker: by its method, the workflow and, for activities,
 * their type, all of which the server has written into the task token. The client is native code: nothing of it is touched.
 */
export async function openTemporalProxy(address: string, gate: Gate, onPoll: () => void): Promise<ServiceProxy> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    const upstream = connect(`http://${address}`);
    const end = () => {
      sessions.delete(session);
      session.destroy();
      upstream.destroy();
    };
    for (const each of [session, upstream]) {
      each.on('error', () => undefined);
      each.once('close', end);
    }
    session.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      handle(session, upstream, stream, headers).catch(() => stream.destroy());
    });
  });

  async function handle(
    session: ServerHttp2Session,
    upstream: ClientHttp2Session,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ): Promise<void> {
    const asked = await bodyOf(stream);
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    const isPoll = method.startsWith('Poll');
    if (isPoll) onPoll();
    const named = isPoll ? null : nameOf(method, asked);
    let fault = named === null ? null : gate.pass(named.run, named.call);
    if (fault === 'killed-before') return gate.kill();
    const refused = fault === null ? undefined : STATUS[fault];
    if (refused !== undefined) return refuse(stream, refused);
    const answer = await forward(upstream, headers, asked, stream);
    if (isPoll) {
      const task = nameOf(method, answer.body);
      fault = task === null ? null : gate.pass(task.run, task.call);
    }
    if (fault === 'killed-after') return gate.kill();
    if (fault === 'reply-lost') return session.destroy();
    if (fault === 'timed-out' || stream.destroyed) return;
    reply(stream, answer);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const HOP_BY_HOP = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/;
const passedOn = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.test(name)));

async function forward(
  upstream: ClientHttp2Session,
  headers: IncomingHttpHeaders,
  body: Buffer,
  client: ServerHttp2Stream,
): Promise<Answer> {
  const onward = upstream.request(passedOn(headers));
  // A worker that gives up a poll gives it up at the server too: a task must not be handed to nobody.
  client.once('close', () => {
    if (!onward.destroyed) onward.close(constants.NGHTTP2_CANCEL);
  });
  onward.end(body);
  const answered = new Promise<IncomingHttpHeaders>((resolve, reject) => {
    onward.once('response', resolve);
    onward.once('error', reject);
    onward.once('close', () => reject(new Error('The server hung up.')));
  });
  let trailers: IncomingHttpHeaders = {};
  onward.once('trailers', (last) => {
    trailers = last;
  });
  const first = await answered;
  return { headers: first, body: await bodyOf(onward), trailers };
}

function reply(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  if ('grpc-status' in headers) {
    stream.respond(passedOn(headers), { endStream: true });
    return;
  }
  stream.respond(passedOn(headers), { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(passedOn(trailers)));
  stream.end(body);
}

function refuse(stream: ServerHttp2Stream, [code, message]: readonly [number, string]): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(code),
    'grpc-message': message,
  };
  stream.respond(headers, { endStream: true });
}

/** Calls whose loss loses nothing that the worker had done. */
const READ = /^(Poll|Get|Describe|List|Query|RecordActivityTaskHeartbeat|UpdateNamespace)/;
const HANDLED = /^(Respond|RecordActivityTaskHeartbeat|Poll)/;

/** Every message that is about a task begins with its token; the server's token is itself such a message. */
function nameOf(method: string, body: Buffer): { readonly run: string; readonly call: Call } | null {
  if (!HANDLED.test(method)) return null;
  const token = bytesIn(messageIn(body), 1);
  if (token === null) return null;
  const [workflow, activity] = [textIn(token, 2) ?? '', textIn(token, 8) ?? ''];
  const run = runIn(workflow);
  if (run === null) return null;
  const call: Call = {
    service: 'temporal',
    operation: `temporal:${method}`,
    key: withoutRun([activity, workflow].filter(Boolean).join(' '), new Map()),
    effect: !READ.test(method),
    namedBefore: !method.startsWith('Poll'),
  };
  return { run, call };
}

/** The message of a unary call: a flag, its length, and itself, perhaps compressed. */
function messageIn(body: Buffer): Buffer {
  if (body.length < 5) return Buffer.alloc(0);
  const message = body.subarray(5, 5 + body.readUInt32BE(1));
  return body[0] === 1 ? gunzipSync(message) : message;
}
