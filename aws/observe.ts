import type { FleetErrorCode } from '../activities/ports.js';
import type { Location } from '../domain/ids.js';
import { classify, HeldBack } from './errors.js';

/** One request that went to AWS; every attempt of a repeated call is one. */
export interface CallRecord {
  readonly location: Location;
  readonly service: Service;
  /** AWS's name of it, as in `SendCommand`. */
  readonly operation: string;
  readonly outcome: 'ok' | 'aborted' | FleetErrorCode;
  readonly milliseconds: number;
}
export type Service = 'ec2' | 'ssm' | 's3' | 'sts' | 'iam' | 'elasticloadbalancing';
/** Must not throw. */
export type CallObserver = (call: CallRecord) => void;

/** The step of the SDK's middleware that is nearest to the wire, outside of its parser: once for each attempt, and errors have their names. */
export const AROUND_EACH_ATTEMPT = { step: 'deserialize', priority: 'high', name: 'patchtideObserveCalls' } as const;

/** Middleware for a client of the SDK that reports each of its requests. */
export const observing =
  (service: Service, location: Location, onCall: CallObserver) =>
  <Request, Answer>(next: (request: Request) => Promise<Answer>, context: { commandName?: string }) =>
  async (request: Request): Promise<Answer> => {
    const startedAt = performance.now();
    const report = (outcome: CallRecord['outcome']) =>
      onCall({
        location,
        service,
        operation: (context.commandName ?? 'unknown').replace(/Command$/, ''),
        outcome,
        milliseconds: performance.now() - startedAt,
      });
    try {
      const answer = await next(request);
      report('ok');
      return answer;
    } catch (error) {
      if (error instanceof HeldBack) throw error;
      report(error instanceof Error && error.name === 'AbortError' ? 'aborted' : classify(error).code);
      throw error;
    }
  };
