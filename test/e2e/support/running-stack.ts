import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ApiClient } from '../../../local/api-client.js';
import type { Role } from '../../../local/keys.js';
import { checkLedger } from '../../../local/ledger-check.js';
import { fleetNodesSchema, ledgerSchema, reportSchema } from '../../../local/ledger-shapes.js';
import { StackProcess } from '../../../local/stack-process.js';
import type { FaultInput } from '../../../simulator/faults.js';
import type { FleetDescriptionInput, FleetNode } from '../../../simulator/index.js';
import type { LedgerEntry } from '../../../simulator/ledger.js';
import { type Cycle, cycleSchema } from './cycle.js';
import { until } from './until.js';

const MAIN = new URL('../../../dist/local/main.js', import.meta.url);
const SPEED = 600;

/** The embedded stack on a fleet of a test's own, as a person with its keys meets it: over REST. */
export class RunningStack {
  readonly process: StackProcess;
  private constructor(process: StackProcess) {
    this.process = process;
  }

  static async start(
    fleet: FleetDescriptionInput,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RunningStack> {
    const folder = mkdtempSync(join(tmpdir(), 'patchtide-e2e-'));
    const description = join(folder, 'fleet-description.json');
    writeFileSync(description, JSON.stringify(fleet));
    const settings = { PATCHTIDE_FLEET: description, PATCHTIDE_FLEET_SPEED: String(SPEED), ...environment };
    const stack = new RunningStack(new StackProcess(folder, settings, MAIN));
    await stack.process.start();
    return stack;
  }

  /** The stack without a simulated fleet of its own. */
  static async startWithoutFleet(environment: Readonly<Record<string, string>>): Promise<RunningStack> {
    const folder = mkdtempSync(join(tmpdir(), 'patchtide-e2e-'));
    const stack = new RunningStack(new StackProcess(folder, { PATCHTIDE_FLEET: 'none', ...environment }, MAIN));
    await stack.process.start();
    return stack;
  }

  /** Ends it and forgets what it wrote. */
  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.process.folder, { recursive: true, force: true });
  }

  as(role: Role): ApiClient {
    return new ApiClient(this.process.apiUrl, this.process.keys[role]);
  }

  /** One request, answered or refused. */
  request(role: Role, method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(new URL(path, this.process.apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${this.process.keys[role]}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async apply(...documents: readonly { kind: string; metadata: { name: string } }[]): Promise<void> {
    const routes: Record<string, string> = { Account: 'accounts', MaintenanceWindow: 'windows', PatchPlan: 'plans' };
    for (const document of documents)
      await this.as('admin').put(`/v1/${routes[document.kind]}/${document.metadata.name}`, document);
  }

  async startCycle(plan: string): Promise<string> {
    const asked = { plan, mode: 'standard', reason: 'Monthly patching', reference: 'CHG-1042' };
    return (await this.as('operator').post('/v1/cycles', z.object({ id: z.string() }), asked, `start-${plan}`)).id;
  }

  cycle(id: string): Promise<Cycle> {
    return this.as('viewer').get(`/v1/cycles/${id}`, cycleSchema);
  }

  /** The cycle as soon as it is as wanted. */
  cycleThat(what: string, id: string, holds: (cycle: Cycle) => boolean): Promise<Cycle> {
    return until(`cycle ${id} to ${what}`, async () => {
      const cycle = await this.cycle(id);
      return holds(cycle) && cycle;
    });
  }

  steer(id: string, action: 'pause' | 'resume' | 'cancel', reason: string): Promise<Response> {
    return this.request('operator', 'POST', `/v1/cycles/${id}/${action}`, { reason });
  }

  /** Approves whatever the cycle waits for, once it waits. */
  async approve(id: string): Promise<void> {
    const { waitingFor } = await this.cycleThat('wait for an approval', id, isWaitingFor('approval'));
    const decision = { decision: 'approve', reason: 'Soaked well', manifest: waitingFor?.manifest };
    await this.as('approver').post(`/v1/cycles/${id}/stages/${waitingFor?.stage}/decision`, z.unknown(), decision);
  }

  /** The cycle at its end. */
  ended(id: string): Promise<Cycle> {
    return this.cycleThat('end', id, ({ status }) => status !== 'running' && status !== 'paused');
  }

  /** What the fleet wrote down since an entry, oldest first. */
  async ledger(after = 0): Promise<LedgerEntry[]> {
    return (await this.#fleet('GET', `/_fleet/ledger?after=${after}`)) as LedgerEntry[];
  }

  /** The first effect that is as wanted, as soon as it is there; looked for without a pause worth speaking of. */
  effect(what: string, holds: (entry: LedgerEntry) => boolean): Promise<LedgerEntry> {
    return until(what, async () => (await this.ledger()).find(holds), 20);
  }

  async nodes(): Promise<FleetNode[]> {
    return (await this.#fleet('GET', '/_fleet/nodes')) as FleetNode[];
  }

  /** Lets something go wrong; the fault's id. */
  async fault(input: FaultInput): Promise<string> {
    return ((await this.#fleet('POST', '/_fleet/faults', input)) as { id: string }).id;
  }

  async lift(fault: string): Promise<void> {
    await this.#fleet('DELETE', `/_fleet/faults?id=${fault}`);
  }

  /** From now on, work under way included, the fleet's durations shrink by this factor. */
  async speed(factor: number = SPEED): Promise<void> {
    await this.#fleet('POST', '/_fleet/clock', { speed: factor });
  }

  /** The rules that the ledger shows to be broken, each with what broke it. */
  async violations(id: string): Promise<string[]> {
    const report = await this.as('viewer').get(`/v1/cycles/${id}/report`, reportSchema);
    const [ledger, nodes] = await Promise.all([this.ledger(), this.nodes()]);
    return checkLedger(ledgerSchema.parse(ledger), fleetNodesSchema.parse(nodes), report).flatMap(
      ({ rule, violations }) => violations.map((violation) => `${rule}: ${violation}`),
    );
  }

  async #fleet(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(new URL(path, this.process.fleetUrl), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

export const isWaitingFor =
  (kind: string) =>
  ({ waitingFor }: Cycle): boolean =>
    waitingFor?.kind === kind;
