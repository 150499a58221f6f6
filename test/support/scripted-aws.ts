import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the script sees it. */
export interface ScriptedCall {
  /** `SendCommand`, `AssumeRole`, …; for S3 the method and the path. */
  readonly operation: string;
  readonly body: string;
  /** The access key that signed it; null for none. */
  readonly accessKey: string | null;
  readonly path: string;
}
export interface ScriptedAnswer {
  readonly status: number;
  readonly body: string;
}
/** Answers a request; `hang-up` closes the connection without an answer, `silence` never answers. */
export type Script = (call: ScriptedCall) => Reply | Promise<Reply>;
type Reply = ScriptedAnswer | 'hang-up' | 'silence';

export const ok = (body: object | string): ScriptedAnswer => ({
  status: 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
/** An error in the spelling of SSM's protocol. */
export const ssmError = (name: string, message: string, status = 400): ScriptedAnswer => ({
  status,
  body: JSON.stringify({ __type: name, message }),
});
export const stsError = (code: string, message: string, status = 403): ScriptedAnswer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});
export const assumedRole = (accessKey: string, expiration: Date): ScriptedAnswer =>
  ok(
    `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>${accessKey}</AccessKeyId>` +
      `<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${expiration.toISOString()}</Expiration>` +
      '</Credentials></AssumeRoleResult></AssumeRoleResponse>',
  );

/** An endpoint that answers as a script says and remembers what it was asked: for the ways of a call that no well-behaved service takes. */
export const startScriptedAws = async (
  script: Script,
): Promise<{ url: string; calls: ScriptedCall[]; close(): Promise<void> }> => {
  const calls: ScriptedCall[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await toCall(request);
    calls.push(call);
    const reply = await script(call);
    if (reply === 'hang-up') request.socket.destroy();
    else if (reply !== 'silence') response.writeHead(reply.status).end(reply.body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const toCall = async (request: IncomingMessage): Promise<ScriptedCall> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const target = request.headers['x-amz-target'];
  const action = new URLSearchParams(body).get('Action');
  return {
    operation:
      typeof target === 'string' ? (target.split('.')[1] ?? target) : (action ?? `${request.method} ${request.url}`),
    body,
    accessKey: /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? null,
    path: request.url ?? '',
  };
};
