import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  ASK_PASSWORD,
  type ClientMessage,
  clientMessages,
  inTransaction,
  NO_ENCRYPTION,
  opening,
  passwordIn,
  refusal,
  simpleQuery,
  WELCOME,
} from './wire.js';

/** The one engine behind the gateway: takes complete messages of the wire protocol and answers with bytes of it. */
export interface Engine {
  execProtocolRaw(message: Uint8Array): Promise<Uint8Array>;
}

export interface Gateway {
  readonly port: number;
  /** Ends every connection, rolls back what was open, and stops listening. */
  close(): Promise<void>;
}

/** How long a client may leave its transaction idle while all others wait for it, in milliseconds. */
const IDLE_IN_TRANSACTION = 30_000;

/**
 * Lets many PostgreSQL clients, of any process, share an engine that knows one session.
 *
 * A client's messages are gathered up to the Sync or Query that ends them and run as one unit, and a client that has begun
 * a transaction keeps the engine until it ends: so nobody comes between a Parse and its Execute, or into a transaction.
 * What belongs to a session (SET, LISTEN, named prepared statements, session locks) is shared and must not be used.
 */
export const openGateway = async (
  engine: Engine,
  options: { port: number; password: string; idleInTransaction?: number },
): Promise<Gateway> => {
  const turns = new Turns();
  const idleLimit = options.idleInTransaction ?? IDLE_IN_TRANSACTION;
  const open = new Map<Socket, Promise<void>>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const session = serve(socket, engine, turns, options.password, idleLimit).finally(() => {
      socket.destroy();
      open.delete(socket);
    });
    open.set(socket, session);
  });
  await listening(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const sessions = [...open.values()];
      for (const socket of open.keys()) socket.destroy();
      await Promise.all([closed, ...sessions]);
    },
  };
};

const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });

/** One client, from its first byte to its last. A broken connection ends it quietly; its transaction is rolled back. */
const serve = async (socket: Socket, engine: Engine, turns: Turns, password: string, idleLimit: number) => {
  let endTurn: (() => void) | null = null;
  socket.on('timeout', () => socket.destroy());
  try {
    const messages = clientMessages(socket);
    if (!(await greet(socket, messages, password))) return;
    for await (const unit of units(messages)) {
      socket.setTimeout(0);
      endTurn ??= await turns.next();
      const answer = await engine.execProtocolRaw(unit);
      socket.write(answer);
      if (inTransaction(answer)) socket.setTimeout(idleLimit);
      else {
        endTurn();
        endTurn = null;
      }
    }
  } catch {
    // The client has gone, or the engine has: either way this session is over, and the client sees its connection end.
  } finally {
    if (endTurn !== null) {
      await engine.execProtocolRaw(simpleQuery('ROLLBACK')).catch(() => undefined);
      endTurn();
    }
  }
};

const greet = async (socket: Socket, messages: AsyncGenerator<ClientMessage>, password: string): Promise<boolean> => {
  for (;;) {
    const { value: message, done } = await messages.next();
    if (done) return false;
    if (message.type === 'p') {
      const welcome = passwordIn(message) === password;
      socket.write(welcome ? WELCOME : refusal('28P01', 'The password in DATABASE_URL is not that of this database.'));
      if (!welcome) socket.end();
      return welcome;
    }
    if (message.type !== null) return false;
    const asked = opening(message);
    if (asked === 'cancel') return false;
    socket.write(asked === 'encryption' ? NO_ENCRYPTION : ASK_PASSWORD);
  }
};

/** Messages that are answered only when a Sync follows. */
const PARTS_OF_A_UNIT = new Set(['P', 'B', 'D', 'E', 'C', 'H']);

async function* units(messages: AsyncGenerator<ClientMessage>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  for await (const { type, bytes } of messages) {
    if (type === 'X') return;
    parts.push(bytes);
    if (type !== null && PARTS_OF_A_UNIT.has(type)) continue;
    yield Buffer.concat(parts);
    parts = [];
  }
}

/** First come, first served: whoever awaits `next()` has the engine until it calls what it was given. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  async next(): Promise<() => void> {
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
}
