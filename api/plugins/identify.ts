import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../errors.js';
import { type Identity, type KeyRing, may, type Permission, rolesThatMay } from '../identity.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where no valid key came along; see `identityOf`. */
    caller: Identity | null;
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed to do; every route under /v1 says so. */
    may?: Permission;
    /** What happens instead of a 503 where the service is under pressure. */
    pressureHandler?: () => void;
  }
}

/** The caller of a route that demands one. */
export const identityOf = (request: FastifyRequest): Identity => {
  if (!request.caller) throw new Problem('unauthenticated', 'The request carries no valid API key.');
  return request.caller;
};

const bearer = (header: string | undefined): string | null => /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? null;

/**
 * Tells who calls before anything else looks at the request, so that the rate limit can count by caller;
 * turns away who may not, after the rate limit and before the body is read.
 */
export const identifyCallers = (app: FastifyInstance, keys: KeyRing): void => {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const key = bearer(request.headers.authorization);
    request.caller = key === null ? null : keys.identify(key);
  });
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/') && !route.config?.may) {
      throw new Error(`${String(route.method)} ${route.url} does not say what its caller must be allowed to do`);
    }
  });
  app.addHook('preParsing', async (request) => {
    const permission = request.routeOptions.config.may;
    if (!permission) return;
    if (!request.caller) {
      throw new Problem('unauthenticated', 'The request carries no valid API key.', {
        headers: { 'www-authenticate': 'Bearer realm="patchtide"' },
      });
    }
    if (!may(request.caller, permission)) {
      throw new Problem(
        'forbidden',
        `This takes the role ${rolesThatMay(permission).join(' or ')}, and ${request.caller.name} has the role ${request.caller.role}.`,
      );
    }
  });
};
