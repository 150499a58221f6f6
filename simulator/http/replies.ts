import type { AwsError } from '../errors.js';
import { document, element } from './xml.js';

/** What goes back over the socket. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

export type Protocol = 'json' | 'ec2' | 'query' | 'rest-xml';

const NAMESPACES: Record<string, string> = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
  autoscaling: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
  elasticloadbalancing: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
};

export function jsonReply(output: object, requestId: string): Reply {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
  return { status: 200, headers, body: JSON.stringify(output) };
}

export function ec2Reply(action: string, output: object, requestId: string): Reply {
  const xmlns = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';
  return xmlReply(200, element(`${action}Response`, { requestId, ...output }, xmlns), requestId);
}

export function queryReply(service: string, action: string, output: object, requestId: string): Reply {
  const xmlns = ` xmlns="${NAMESPACES[service] ?? ''}"`;
  const root = { [`${action}Result`]: { ...output }, ResponseMetadata: { RequestId: requestId } };
  return xmlReply(200, element(`${action}Response`, root, xmlns, 'member'), requestId);
}

/** An error, in the shape of the protocol in which the call was made. */
export function errorReply(protocol: Protocol, error: AwsError, requestId: string): Reply {
  const { code, message, status } = error;
  if (protocol === 'json') {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
    return { status, headers, body: JSON.stringify({ __type: code, message, Message: message }) };
  }
  const detail = { Code: code, Message: message };
  const roots = {
    ec2: () => element('Response', { Errors: { Error: detail }, RequestID: requestId }),
    query: () => element('ErrorResponse', { Error: { Type: 'Sender', ...detail }, RequestId: requestId }),
    'rest-xml': () => element('Error', { ...detail, RequestId: requestId }),
  };
  return xmlReply(status, roots[protocol](), requestId);
}

export function xmlReply(status: number, root: string, requestId: string): Reply {
  const headers = {
    'content-type': 'text/xml;charset=UTF-8',
    'x-amzn-requestid': requestId,
    'x-amz-request-id': requestId,
  };
  return { status, headers, body: document(root) };
}
