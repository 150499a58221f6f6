import {
  isGrpcServiceError,
  ScheduleNotFoundError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { Problem } from '../errors.js';

/** gRPC codes that say that the server, not the request, is at fault: cancelled, deadline, exhausted, aborted, unavailable. */
const OUT_OF_REACH = new Set([1, 4, 8, 10, 14]);

const grpcCode = (error: unknown): number | null => {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCode(error.cause) : null;
};

/** A failure to reach Temporal, or its workers in time, as a problem; null for anything else. */
export const asTemporalProblem = (error: unknown): Problem | null => {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new Problem('worker-unavailable', 'No worker took the request in time; it may still apply.', {
      cause: error,
    });
  }
  const code = grpcCode(error);
  if (code !== null && OUT_OF_REACH.has(code)) {
    return new Problem(
      'temporal-unavailable',
      'Temporal does not answer; the request may or may not have reached it.',
      {
        cause: error,
      },
    );
  }
  return error instanceof ServiceError
    ? new Problem('temporal-unavailable', `Temporal refused: ${error.message}`, { cause: error })
    : null;
};

export const isNoSuchWorkflow = (error: unknown): boolean => error instanceof WorkflowNotFoundError;
export const isNoSuchSchedule = (error: unknown): boolean => error instanceof ScheduleNotFoundError;
