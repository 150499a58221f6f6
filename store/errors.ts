/** Why the store did not do what was asked. Codes are stable. */
export type StoreErrorCode = 'store-unavailable' | 'store-conflict' | 'not-found' | 'store-of-newer-release';

export abstract class StoreError extends Error {
  abstract readonly code: StoreErrorCode;
}

/** The database does not answer, or gave up on a transaction: nothing is known to have changed; the same call may be repeated. */
export class StoreUnavailable extends StoreError {
  override readonly name = 'StoreUnavailable';
  readonly code = 'store-unavailable';
}

/** A condition of the caller did not hold (another version, a name that is taken): read again, then decide. */
export class StoreConflict extends StoreError {
  override readonly name = 'StoreConflict';
  readonly code = 'store-conflict';
}

/** There is no such thing under that name. */
export class StoreNotFound extends StoreError {
  override readonly name = 'StoreNotFound';
  readonly code = 'not-found';
}

/** The database's schema is that of a newer release: this program must not touch it. */
export class StoreOfNewerRelease extends StoreError {
  override readonly name = 'StoreOfNewerRelease';
  readonly code = 'store-of-newer-release';
}

/**
 * SQLSTATE classes that say that the database, not the statement, is at fault: connection (08), transaction rolled back
 * (40: deadlock, serialization), resources (53), operator intervention (57).
 */
const UNAVAILABLE_CLASSES = new Set(['08', '40', '53', '57']);
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
const UNAVAILABLE_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/** Turns a fault of the connection into StoreUnavailable; anything else is a mistake of ours and stays what it is. */
export const asStoreError = (error: unknown): unknown => {
  if (error instanceof StoreError || typeof error !== 'object' || error === null) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = 'message' in error ? String(error.message) : code;
  const unavailable =
    UNAVAILABLE_SYSTEM.has(code) ||
    (code.length === 5 && UNAVAILABLE_CLASSES.has(code.slice(0, 2))) ||
    UNAVAILABLE_MESSAGE.test(message);
  return unavailable ? new StoreUnavailable(`The database does not answer: ${message}`, { cause: error }) : error;
};
