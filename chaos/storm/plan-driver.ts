import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ApiClient, ApiRefusal } from '../../local/api-client.js';
import type { Keys, Role } from '../../local/keys.js';
import { Random } from '../random.js';

export const cycleSchema = z.object({
  id: z.string(),
  status: z.string(),
  message: z.string().nullable(),
  waitingFor: z
    .object({ kind: z.string(), stage: z.string().nullable(), manifest: z.string().nullable(), message: z.string() })
    .nullable(),
});
type Cycle = z.infer<typeof cycleSchema>;

/** What the people around one plan need. */
export interface DriverContext {
  readonly seed: string;
  readonly apis: readonly string[];
  readonly keys: Keys;
  /** Releases patches of this number, so that the next cycle finds something to do. */
  readonly release: (number: number) => Promise<void>;
  readonly note: (entry: object) => void;
}

const POLL = 500;
const hasEnded = ({ status }: Cycle): boolean => status !== 'running' && status !== 'paused';

/**
 * The people around one plan: start a cycle, decide on it, answer what it asks, and start the next one when it has ended.
 * How long each of them takes and what they decide is drawn from the seed, the plan and the cycle's number.
 */
export class PlanDriver {
  readonly plan: string;
  readonly cycles: string[] = [];
  readonly #context: DriverContext;
  #requests = 0;
  #isCalm = false;
  #pausedUntil = 0;

  constructor(plan: string, context: DriverContext) {
    this.plan = plan;
    this.#context = context;
  }

  get current(): string | null {
    return this.cycles.at(-1) ?? null;
  }

  /** From now on people answer at once, and start nothing new. */
  calm(): void {
    this.#isCalm = true;
  }

  /** One cycle after the other; resolves when the last one has ended. */
  async run(signal: AbortSignal): Promise<void> {
    for (let number = 1; !this.#isCalm && !signal.aborted; number++) {
      await this.#context.release(number);
      const id = await this.#start(number);
      if (id === null) continue;
      this.cycles.push(id);
      this.#context.note({ event: 'cycle-started', cycle: id });
      await this.#follow(id, new Random(`${this.#context.seed}/${this.plan}/${number}`), signal);
    }
  }

  /** An operator's act that comes from outside; refused where it does not fit, which is well. */
  async steer(act: 'pause' | 'cancel', resumeAfter: number): Promise<string> {
    const id = this.current;
    if (id === null) return 'no cycle';
    if (act === 'pause') this.#pausedUntil = Date.now() + resumeAfter;
    return this.#act(id, act);
  }

  async #start(number: number): Promise<string | null> {
    const body = { plan: this.plan, reason: 'A storm', reference: `CHG-${number}` };
    try {
      const key = `storm-${this.plan}-${number}`;
      return (await this.#as('operator').post('/v1/cycles', z.object({ id: z.string() }), body, key)).id;
    } catch (error) {
      this.#context.note({ event: 'start-refused', plan: this.plan, error: String(error) });
      await pause(POLL);
      return null;
    }
  }

  async #follow(id: string, random: Random, signal: AbortSignal): Promise<void> {
    let askedSince: number | null = null;
    let patience = random.between(0, 8_000);
    for (; !signal.aborted; await pause(POLL, undefined, { signal }).catch(() => undefined)) {
      const cycle = await this.#as('viewer')
        .get(`/v1/cycles/${id}`, cycleSchema)
        .catch(() => null);
      if (cycle === null) continue;
      if (hasEnded(cycle)) {
        this.#context.note({ event: 'cycle-ended', cycle: id, status: cycle.status, message: cycle.message });
        return;
      }
      const asks = cycle.waitingFor?.kind === 'approval' || cycle.status === 'paused';
      askedSince = asks ? (askedSince ?? Date.now()) : null;
      const isTime = askedSince !== null && (this.#isCalm || Date.now() - askedSince >= patience);
      if (!isTime) continue;
      patience = random.between(0, 8_000);
      askedSince = null;
      if (cycle.waitingFor?.kind === 'approval') await this.#decide(cycle, random.fraction() < 0.9);
      else if (this.#isCalm || Date.now() >= this.#pausedUntil) await this.#act(id, 'resume');
    }
  }

  async #decide({ id, waitingFor }: Cycle, approves: boolean): Promise<void> {
    if (!waitingFor) return;
    const decision = approves || this.#isCalm ? 'approve' : 'reject';
    const body = { decision, reason: 'In a storm', manifest: waitingFor.manifest };
    await this.#send('approver', `/v1/cycles/${id}/stages/${waitingFor.stage}/decision`, body);
  }

  #act(id: string, act: 'pause' | 'resume' | 'cancel'): Promise<string> {
    return this.#send('operator', `/v1/cycles/${id}/${act}`, { reason: 'In a storm' });
  }

  async #send(role: Role, path: string, body: object): Promise<string> {
    this.#requests += 1;
    const key = `${this.plan}-${this.#requests}-${path.split('/').at(-1)}`;
    const answer = await this.#as(role)
      .post(path, z.unknown(), body, key)
      .then(
        () => 'done',
        (error: unknown) => (error instanceof ApiRefusal ? String(error.status) : String(error)),
      );
    this.#context.note({ event: 'act', path, ...body, answer });
    return answer;
  }

  /** Another API each time: either may be down. */
  #as(role: Role): ApiClient {
    const { apis, keys } = this.#context;
    return new ApiClient(apis[this.#requests++ % apis.length] ?? '', keys[role]);
  }
}
