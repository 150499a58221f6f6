/*
 * As much of protobuf's wire format as it takes to find a field of a message without its schema.
 * Source: protobuf.dev, "Encoding".
 */

/** The first field of that number that holds bytes; null where there is none, or where this is no message. */
export function bytesIn(message: Buffer, field: number): Buffer | null {
  const reader = { at: 0 };
  while (reader.at < message.length) {
    const tag = varint(message, reader);
    if (tag === null) return null;
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0 && varint(message, reader) === null) return null;
    else if (type === 1) reader.at += 8;
    else if (type === 5) reader.at += 4;
    else if (type === 2) {
      const length = varint(message, reader);
      if (length === null || reader.at + length > message.length) return null;
      const value = message.subarray(reader.at, reader.at + length);
      if (number === field) return value;
      reader.at += length;
    } else if (type !== 0) return null;
  }
  return null;
}

export const textIn = (message: Buffer, field: number): string | null =>
  bytesIn(message, field)?.toString('utf8') ?? null;

function varint(message: Buffer, reader: { at: number }): number | null {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = message[reader.at];
    if (byte === undefined) return null;
    reader.at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  return null;
}
