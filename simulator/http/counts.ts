import type { Call } from './operation.js';

interface Count {
  service: string;
  operation: string;
  account: string;
  region: string;
  count: number;
  throttled: number;
}

/** How often each operation was called, by location, since the process began. */
export class CallCounts {
  readonly #counts = new Map<string, Count>();
  #requests = 0;

  next(): number {
    this.#requests += 1;
    return this.#requests;
  }

  add(service: string, operation: string, call: Call): void {
    this.#of(service, operation, call).count += 1;
  }

  throttled(service: string, operation: string, call: Call): void {
    this.#of(service, operation, call).throttled += 1;
  }

  list(): Count[] {
    return [...this.#counts.values()];
  }

  #of(service: string, operation: string, { account, region }: Call): Count {
    const id = [service, operation, account, region].join('/');
    const count = this.#counts.get(id) ?? { service, operation, account, region, count: 0, throttled: 0 };
    this.#counts.set(id, count);
    return count;
  }
}
