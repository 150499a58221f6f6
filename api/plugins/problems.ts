import '@fastify/rate-limit';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isResponseSerializationError } from 'fastify-type-provider-zod';
import { DocumentError, type DocumentErrorCode } from '../../domain/documents/errors.js';
import { StoreConflict, StoreNotFound, StoreUnavailable } from '../../store/errors.js';
import { PROBLEMS, Problem, type ProblemCode } from '../errors.js';
import { asTemporalProblem } from '../temporal/trouble.js';

const MEDIA_TYPE = 'application/problem+json';

/** What Fastify and its plugins throw by themselves, in our words. */
const BY_FASTIFY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_BAD_URL: 'invalid-input',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-input',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'unreadable-body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'unreadable-body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'unreadable-body',
};
const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'unreadable-body',
  404: 'not-found',
  413: 'body-too-large',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  503: 'overloaded',
};

/** A document that cannot be accepted is answered with 400, like any other input. */
const BY_DOCUMENT_CODE: Readonly<Record<DocumentErrorCode, ProblemCode>> = {
  'document-syntax': 'unreadable-body',
  'document-too-large': 'body-too-large',
  'document-invalid': 'invalid-input',
  'document-unknown-name': 'invalid-input',
  'document-not-carried-out': 'not-supported-yet',
};

/** Anything that was thrown, as the problem that the client is told; what is not the client's business stays in the log. */
const asProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable)
    return new Problem('store-unavailable', 'The database does not answer.', { cause: error });
  if (error instanceof StoreNotFound) return new Problem('not-found', error.message, { cause: error });
  if (error instanceof StoreConflict) return new Problem('conflict', error.message, { cause: error });
  const temporal = asTemporalProblem(error);
  if (temporal) return temporal;
  if (error instanceof DocumentError) {
    return new Problem(BY_DOCUMENT_CODE[error.code], `${error.message}. Nothing was changed.`, {
      faults: error.faults,
      cause: error,
    });
  }
  if (error instanceof Error && 'statusCode' in error && !isResponseSerializationError(error)) {
    const { code, statusCode, message } = error as FastifyError;
    const known = BY_FASTIFY_CODE[code] ?? (statusCode === undefined ? undefined : BY_STATUS[statusCode]);
    if (known) return new Problem(known, message, { cause: error });
  }
  return new Problem('internal-error', 'The request could not be carried out.', { cause: error });
};

const answer = (problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  if (problem.status >= 500) request.log.error({ err: problem.cause ?? problem }, problem.message);
  if (problem.retryAfter !== null) reply.header('retry-after', String(problem.retryAfter));
  reply.headers({ ...problem.headers });
  return reply
    .code(problem.status)
    .type(MEDIA_TYPE)
    .send({
      type: `/problems/${problem.code}`,
      title: PROBLEMS[problem.code].title,
      status: problem.status,
      detail: problem.message,
      instance: request.url.split('?')[0],
      code: problem.code,
      advice: PROBLEMS[problem.code].advice,
      faults: problem.faults,
    });
};

/** Answers anything that was thrown. */
export const answerProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  answer(asProblem(error), request, reply);

/** One error handler for everything: problem+json (RFC 9457), and 404 for what is not there or not built yet. */
export const answerProblems = (app: FastifyInstance): void => {
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply));
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    answer(new Problem('not-found', `${request.method} ${request.url.split('?')[0]} is not a route.`), request, reply),
  );
};
