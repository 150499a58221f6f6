import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What one connection to the events is answered with. */
export type Connection = (answer: ServerResponse) => void;

export interface ScriptedApi {
  readonly url: string;
  /** The `Last-Event-ID` of each connection to the events, in order. */
  readonly asked: readonly (string | null)[];
  close(): Promise<void>;
}

/** An API with one cycle, whose events come as each connection of the script says; the last one answers all that follow. */
export async function scriptedApi(cycle: () => object, script: readonly Connection[]): Promise<ScriptedApi> {
  const asked: (string | null)[] = [];
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('/events')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(cycle()));
      return;
    }
    const last = request.headers['last-event-id'];
    asked.push(typeof last === 'string' ? last : null);
    (script[asked.length - 1] ?? script.at(-1))?.(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

const AT = '2026-11-22T18:29:00.000Z';

/** An event as it stands in a stream. */
export const event = (id: number, name: string, data: object): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ at: AT, ...data })}\n\n`;
export const cycleIs = (id: number, status: string, waitingFor: object | null = null): string =>
  event(id, 'cycle', { status, waitingFor, message: null });
export const stageIs = (id: number, stage: string, status: string): string =>
  event(id, 'stage', {
    stage,
    status,
    manifest: null,
    patchSet: null,
    proven: null,
    decisions: [],
    soakUntil: null,
    message: null,
  });
export const streams =
  (...events: readonly string[]): Connection =>
  (answer) => {
    answer.setHeader('content-type', 'text/event-stream').end(events.join(''));
  };
/** Sends events, and then breaks off in the middle of one. */
export const breaksOff =
  (...events: readonly string[]): Connection =>
  (answer) => {
    answer
      .setHeader('content-type', 'text/event-stream')
      .write(`${events.join('')}id: 99\nevent: cy`, () => answer.destroy());
  };
export const isUnavailable: Connection = (answer) => {
  answer.writeHead(503, { 'content-type': 'application/problem+json' }).end(
    JSON.stringify({
      ...{ type: '/problems/store-unavailable', title: 'The database does not answer', status: 503 },
      ...{
        detail: 'The database does not answer.',
        instance: '/',
        code: 'store-unavailable',
        advice: 'Wait.',
        faults: [],
      },
    }),
  );
};
