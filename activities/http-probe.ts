import { lookup as find, type LookupAddress, type LookupOptions } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { reservedFor } from '../domain/addresses.js';

/** What an address answered; `trouble` where it did not. */
export type Probed = { readonly status: number } | { readonly trouble: string };

export interface ProbeRules {
  /** Whether the worker's own machine may be asked: for a fleet that is simulated there. */
  readonly loopback: boolean;
}

/**
 * Asks an address once with GET and reads the status of its answer. No redirect is followed, and no address is asked that
 * belongs to the machine or the link, whatever name stands for it: a plan must not be able to ask the worker's own metadata
 * service. `timeout` in milliseconds.
 *
 * @throws the signal's reason when it is aborted
 */
export async function probe(
  url: string,
  timeout: number,
  { loopback }: ProbeRules,
  signal: AbortSignal,
): Promise<Probed> {
  const limit = AbortSignal.timeout(timeout);
  try {
    return { status: await statusOf(new URL(url), loopback, AbortSignal.any([signal, limit])) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (limit.aborted) return { trouble: `no answer within ${timeout / 1000} s` };
    return { trouble: error instanceof Error ? error.message : String(error) };
  }
}

function statusOf(url: URL, loopback: boolean, signal: AbortSignal): Promise<number> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address in the URL itself is never looked up.
  if (isIP(host) !== 0) refuseReserved(host, [host], loopback);
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = ask(
      url,
      { agent: false, signal, headers: { 'user-agent': 'patchtide' }, lookup: lookUp },
      (answer) => {
        answer.destroy();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end();
  });

  /** The very addresses that are connected to are looked at, so that a name cannot mean another one a moment later. */
  function lookUp(
    hostname: string,
    options: LookupOptions,
    found: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void {
    find(hostname, { ...options, all: true }, (error, addresses) => {
      try {
        if (error) throw error;
        refuseReserved(
          hostname,
          addresses.map(({ address }) => address),
          loopback,
        );
        const [first] = addresses;
        if (options.all || first === undefined) found(null, addresses);
        else found(null, first.address, first.family);
      } catch (refused) {
        found(refused as NodeJS.ErrnoException, []);
      }
    });
  }
}

function refuseReserved(host: string, addresses: readonly string[], loopback: boolean): void {
  for (const address of addresses) {
    const reserved = reservedFor(address);
    if (reserved === null || (reserved === 'loopback' && loopback)) continue;
    throw new Error(`not asked: ${host} is at ${address}, a ${reserved} address`);
  }
}
