import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

const LARGEST_BODY = 64 * 1024 * 1024;

/** A request that has been read to its end. */
export interface HttpRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The body as text; empty for what is not text to begin with. */
  text: string;
}

/** @throws RangeError if the body is larger than 64 MB */
export async function readRequest(message: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > LARGEST_BODY) throw new RangeError('the body is larger than 64 MB');
    chunks.push(bytes);
  }
  const address = new URL(message.url ?? '/', 'http://fleet');
  const raw = Buffer.concat(chunks);
  const body = isChunked(message.headers) ? unchunk(raw) : raw;
  return {
    method: message.method ?? 'GET',
    path: address.pathname,
    query: address.searchParams,
    headers: message.headers,
    body,
    text: body.length < 1_000_000 ? body.toString('utf8') : '',
  };
}

const isChunked = (headers: IncomingHttpHeaders): boolean =>
  String(headers['content-encoding'] ?? '').includes('aws-chunked') ||
  String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');

/** The payload of an aws-chunked body: `size[;signature]CRLF data CRLF` until size 0; trailers are left out. */
function unchunk(raw: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < raw.length; ) {
    const lineEnd = raw.indexOf('\r\n', at);
    if (lineEnd < 0) break;
    const size = Number.parseInt(raw.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) break;
    parts.push(raw.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
