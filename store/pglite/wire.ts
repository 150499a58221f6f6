/*
 * The little of PostgreSQL's wire protocol (version 3) that a gateway needs: framing, the start of a session, and the
 * transaction status that ends each answer. Queries and results pass through untouched.
 * Source: PostgreSQL manual, "Message Formats".
 */

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** One message of a client: `type` is its letter, or null for the untyped ones that open a session. */
export interface ClientMessage {
  readonly type: string | null;
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. Untyped messages come first and end with the startup message. */
export async function* clientMessages(chunks: AsyncIterable<Buffer>): AsyncGenerator<ClientMessage> {
  let rest: Buffer = Buffer.alloc(0);
  let started = false;
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const header = started ? 1 : 0;
      if (rest.length < header + 4) break;
      const length = header + rest.readUInt32BE(header);
      if (rest.length < length) break;
      const bytes = rest.subarray(0, length);
      rest = rest.subarray(length);
      if (!started && opening({ type: null, bytes }) === 'session') started = true;
      yield { type: header === 1 ? String.fromCharCode(bytes.readUInt8(0)) : null, bytes };
    }
  }
}

/** What an untyped message asks for. */
export const opening = (message: ClientMessage): 'encryption' | 'cancel' | 'session' => {
  const code = message.bytes.readUInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return 'encryption';
  return code === CANCEL_REQUEST ? 'cancel' : 'session';
};

/** The password in a client's `p` message. */
export const passwordIn = (message: ClientMessage): string => message.bytes.subarray(5, -1).toString('utf8');

const frame = (type: string, ...parts: (string | number)[]): Buffer => {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(`${part}\0`, 'utf8');
      const number = Buffer.alloc(4);
      number.writeInt32BE(part);
      return number;
    }),
  );
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

export const NO_ENCRYPTION = Buffer.from('N');
export const ASK_PASSWORD = frame('R', 3);
/** Authenticated, the parameters that clients read, a key without meaning, ready. */
export const WELCOME = Buffer.concat([
  frame('R', 0),
  frame('S', 'server_version', '17.0 (PGlite)'),
  frame('S', 'server_encoding', 'UTF8'),
  frame('S', 'client_encoding', 'UTF8'),
  frame('S', 'DateStyle', 'ISO, MDY'),
  frame('S', 'TimeZone', 'UTC'),
  frame('S', 'integer_datetimes', 'on'),
  frame('S', 'standard_conforming_strings', 'on'),
  frame('K', 0, 0),
  Buffer.from([0x5a, 0, 0, 0, 5, 0x49]),
]);
export const simpleQuery = (sql: string): Buffer => frame('Q', sql);
export const refusal = (code: string, message: string): Buffer =>
  frame('E', 'SFATAL', 'VFATAL', `C${code}`, `M${message}`, '');

/** True while the session that got this answer is inside a transaction (the last byte of ReadyForQuery is not `I`). */
export const inTransaction = (answer: Uint8Array): boolean => answer.at(-1) !== 0x49;
