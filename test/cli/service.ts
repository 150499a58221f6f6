import { afterAll, beforeAll } from '@jest/globals';
import { type Person, type Service, useService } from '../api/service.js';
import { type Ended, type Given, patchtide } from './terminal.js';

export interface ListeningService extends Service {
  readonly url: string;
  /** A command of a person of this service. */
  as(person: Person, args: readonly string[], given?: Given): Promise<Ended>;
}

/** The real API on a socket, for the tests of a file. */
export function useListeningService(): ListeningService {
  let url = '';
  // Before the service's own, which waits for connections to end: those of fetch stay open for their next request.
  afterAll(async () => service.app.server.closeAllConnections());
  const service = useService();
  beforeAll(async () => {
    url = await service.app.listen({ port: 0, host: '127.0.0.1' });
  });
  return Object.assign(Object.create(service) as Service, {
    get url() {
      return url;
    },
    as: (person: Person, args: readonly string[], given: Given = {}) =>
      patchtide(args, {
        ...given,
        environment: {
          PATCHTIDE_URL: url,
          PATCHTIDE_API_KEY: `a-key-for-the-${person}-of-the-tests`,
          ...given.environment,
        },
      }),
  });
}
