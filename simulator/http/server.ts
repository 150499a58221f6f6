import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleControl } from '../control.js';
import { advance } from '../fleet/events.js';
import type { Fleet } from '../fleet/fleet.js';
import { CallCounts } from './counts.js';
import { dispatch, type Outcome } from './dispatch.js';
import type { Reply } from './replies.js';
import { type HttpRequest, readRequest } from './request.js';

export interface FleetServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Serves a fleet on one port. What a request changed is in the journal before its answer leaves. */
export async function serve(fleet: Fleet, host: string, port: number): Promise<FleetServer> {
  const counts = new CallCounts();
  const late = new Set<NodeJS.Timeout>();
  const server = createServer((message, response) => {
    readRequest(message)
      .then((request) => send(response, answer(fleet, counts, request), late))
      .catch(() => message.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = addressOf(server);
  return {
    url: `http://${host}:${bound.port}`,
    port: bound.port,
    close: () => {
      for (const timer of late) clearTimeout(timer);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(fleet: Fleet, counts: CallCounts, request: HttpRequest): Outcome {
  advance(fleet);
  const outcome = request.path.startsWith('/_fleet')
    ? { reply: handleControl(fleet, counts, request) }
    : dispatch(fleet, counts, request);
  fleet.journal.commit();
  return outcome;
}

function send(response: ServerResponse, outcome: Outcome, late: Set<NodeJS.Timeout>): void {
  if (outcome === 'hang-up') {
    response.destroy();
    return;
  }
  if (outcome.delayMs === undefined) {
    write(response, outcome.reply);
    return;
  }
  const timer = setTimeout(() => {
    late.delete(timer);
    write(response, outcome.reply);
  }, outcome.delayMs);
  late.add(timer);
}

function write(response: ServerResponse, reply: Reply): void {
  const length = Buffer.byteLength(reply.body);
  response.writeHead(reply.status, { 'content-length': length, ...reply.headers }).end(reply.body);
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fleet server has no port.');
  return address;
}
