import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { clientMessages, refusal } from '../../store/pglite/wire.js';
import type { Gate, ServiceProxy } from '../faults.js';
import { Naming, readStatement, type Statement } from './statements.js';

/** Longer than an attempt may wait before it sends (activities/effects.ts), shorter than an activity's own time-out. */
const HELD = 5_000;
const READY_FOR_QUERY = 0x5a;

/** A proxy in front of PostgreSQL that knows each statement by what it does and to whom, and cuts connections around it. */
export async function openStoreProxy(
  database: NetConnectOpts,
  nodesOf: (run: string) => ReadonlyMap<string, string>,
  gate: Gate,
): Promise<ServiceProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(database);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    serve(client, upstream, new Naming(nodesOf), gate).catch(() => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** One connection: its greeting as it is, then one request and one answer after the other. */
async function serve(client: Socket, upstream: Socket, naming: Naming, gate: Gate): Promise<void> {
  const answers = new Answers(upstream, client);
  let request: Buffer[] = [];
  let statement: Statement | null = null;
  for await (const { type, bytes } of clientMessages(client)) {
    if (type === null || type === 'p' || type === 'X') {
      upstream.write(bytes);
      continue;
    }
    request.push(bytes);
    statement = readStatement(type, bytes, statement);
    if (type !== 'S' && type !== 'Q') continue;
    const named = statement === null ? null : naming.name(statement);
    const fault = named === null ? null : gate.pass(named.run, named.call);
    if (fault === 'killed-before') return gate.kill();
    if (fault === 'failed') {
      client.end(refusal('57P01', 'terminating connection due to administrator command'));
      upstream.destroy();
      return;
    }
    upstream.write(Buffer.concat(request));
    request = [];
    statement = null;
    const answer = await answers.next();
    if (fault === 'killed-after') return gate.kill();
    if (fault === 'timed-out') await pause(HELD);
    if (fault === 'timed-out' || fault === 'reply-lost') client.destroy();
    else client.write(answer);
  }
}

/** What a server sends: until it is first ready straight to the client, from then on cut into whole answers. */
class Answers {
  readonly #complete: Buffer[] = [];
  readonly #waiting: ((answer: Buffer) => void)[] = [];
  readonly #client: Socket;
  #greeting = true;
  #rest: Buffer = Buffer.alloc(0);
  /** Where in the rest the next message begins. */
  #at = 0;

  constructor(upstream: Socket, client: Socket) {
    this.#client = client;
    upstream.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#cut();
    });
  }

  next(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#deliver();
    });
  }

  #cut(): void {
    while (this.#rest.length >= this.#at + 5) {
      const end = this.#at + 1 + this.#rest.readUInt32BE(this.#at + 1);
      if (this.#rest.length < end) return;
      const isReady = this.#rest[this.#at] === READY_FOR_QUERY;
      this.#at = end;
      if (this.#greeting) this.#client.write(this.#take());
      else if (isReady) this.#complete.push(this.#take());
      if (isReady) this.#greeting = false;
    }
    this.#deliver();
  }

  #take(): Buffer {
    const taken = this.#rest.subarray(0, this.#at);
    this.#rest = this.#rest.subarray(this.#at);
    this.#at = 0;
    return taken;
  }

  #deliver(): void {
    while (this.#waiting.length > 0 && this.#complete.length > 0)
      this.#waiting.shift()?.(this.#complete.shift() as Buffer);
  }
}
