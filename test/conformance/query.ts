import type { TestFleet } from './fleet.js';

/** The answer of a query service, read by element names. */
export interface QueryAnswer {
  readonly status: number;
  readonly xml: string;
  /** The texts of all elements of a name, in their order. */
  texts(name: string): string[];
  /** The code of an error. */
  readonly code: string | undefined;
}

/** Sends one request in the query protocol as the SDK would, with the account's credentials. */
export async function query(
  fleet: TestFleet,
  service: 'autoscaling' | 'elasticloadbalancing',
  action: string,
  parameters: Record<string, string> = {},
): Promise<QueryAnswer> {
  const { accessKeyId } = await fleet.ec2.config.credentials();
  const region = await fleet.ec2.config.region();
  const scope = `${accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const response = await fetch(fleet.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Action: action, ...parameters }).toString(),
  });
  const xml = await response.text();
  const texts = (name: string) =>
    [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1] ?? '');
  return { status: response.status, xml, texts, code: texts('Code')[0] };
}

/** A list as the query protocol numbers it. */
export const members = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${name}.member.${index + 1}`, value]));
