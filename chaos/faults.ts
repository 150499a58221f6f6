/** What may go wrong with one call; `domain/` calls of every service share the words. */
export const FAULTS = [
  'killed-before',
  'killed-after',
  'reply-lost',
  'timed-out',
  'throttled',
  'expired',
  'failed',
] as const;

/**
 * - `killed-before`, `killed-after`: the worker's process gets SIGKILL when the call has left it and nobody has received it,
 *   or when it has been carried out and its reply has not arrived;
 * - `reply-lost`: carried out, and the connection is cut before the reply;
 * - `timed-out`: carried out, and no reply for as long as the caller waits;
 * - `throttled`, `expired`, `failed`: refused, in the service's own words, and not carried out.
 */
export type Fault = (typeof FAULTS)[number];
export type Service = 'aws' | 'store' | 'temporal';

/** What a service can be made to do: a database knows neither a rate nor a session that expires. */
export const FAULTS_OF: Readonly<Record<Service, readonly Fault[]>> = {
  aws: FAULTS,
  temporal: FAULTS,
  store: ['killed-before', 'killed-after', 'reply-lost', 'timed-out', 'failed'],
};

export const isKill = (fault: Fault): boolean => fault === 'killed-before' || fault === 'killed-after';

/** One call of a worker, as a proxy sees it. */
export interface Call {
  readonly service: Service;
  /** As the service calls it: `ssm:SendCommand`, `store:insert operations`, `temporal:RespondActivityTaskCompleted`. */
  readonly operation: string;
  /** What it is about, in words that are the same in every run. */
  readonly key: string;
  /** Whether it changes something; reads are sampled. */
  readonly effect: boolean;
  /** False where only its reply tells what it is (a poll for tasks): nothing can go wrong before it. */
  readonly namedBefore: boolean;
}

/** What a proxy asks before it lets a call through. */
export interface Gate {
  /** Counts the call as one of this run and answers with what is to go wrong with it. */
  pass(run: string, call: Call): Fault | null;
  /** Ends the worker behind the proxies with SIGKILL, at once. */
  kill(): void;
}

/** A proxy in front of one service, on 127.0.0.1. */
export interface ServiceProxy {
  readonly port: number;
  close(): Promise<void>;
}
