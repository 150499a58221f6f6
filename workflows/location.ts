import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Location } from '../domain/ids.js';
import * as book from '../domain/leases.js';
import { FULL_PACE, granted, type Pace, paceAt, slower } from '../domain/pace.js';
import { leasing } from './activities.js';
import { isMessage, type Shape } from './handlers.js';
import {
  type LeaseMessage,
  lease,
  leased,
  leases,
  type OfBatch,
  release,
  snapshotted,
  throttled,
} from './lease-messages.js';
import { reasonOf } from './reason.js';

export interface LocationInput extends Location {
  /** How many snapshots may be pending in the location at the same time. */
  readonly quota: number;
  readonly book: book.LeaseBook;
  readonly pace: Pace;
}

export const locationStart = (at: Location, quota: number): LocationInput => ({
  account: at.account,
  region: at.region,
  quota,
  book: book.EMPTY_BOOK,
  pace: FULL_PACE,
});

/** The owner of what others wait for is looked at after so long, and then less and less often while it lives. */
const FIRST_LOOK = 120_000;
const LATEST_LOOK = 30 * 60_000;
const OF_BATCH: Shape<OfBatch> = { owner: 'string', batch: 'number' };
const LEASE: Shape<Omit<LeaseMessage, 'nodes'>> = { ...OF_BATCH, snapshots: 'number', quota: 'number' };

/**
 * One account in one Region, over all cycles: who has which nodes, how many snapshots may be pending, and how quickly
 * batches may begin after AWS asked to slow down. It lives for as long as nodes are patched there.
 *
 * A lease ends when its owner gives it back, or when its owner is seen to have ended; never by its age alone.
 */
export async function location(input: LocationInput): Promise<never> {
  const desk = new LeaseDesk(input);
  setHandler(lease, (message) => desk.ask(message), { description: 'From a wave: nodes for a batch' });
  setHandler(snapshotted, (message) => desk.snapshotsEnded(message), {
    description: 'From a wave: the snapshots of a batch are no longer pending',
  });
  setHandler(release, (message) => desk.release(message), { description: 'From a wave: a batch has ended' });
  setHandler(throttled, () => desk.slower(), { description: 'From a wave: AWS asked to slow down' });
  setHandler(leases, () => desk.view(), { description: 'Who has which nodes, and who waits for some' });

  while (!(workflowInfo().continueAsNewSuggested && allHandlersFinished())) {
    await desk.somethingToDo();
    await desk.grant();
    await desk.lookAtOwners();
  }
  return continueAsNew<typeof location>(desk.handOver());
}

class LeaseDesk {
  private readonly at: Location;
  private quota: number;
  private book: book.LeaseBook;
  private pace: Pace;
  private changed = true;
  private blocked: readonly book.Blocked[] = [];
  /** For each owner that others wait for: when it is looked at again (epoch), and how long after the look before (both in milliseconds). */
  private readonly looks = new Map<string, { readonly next: number; readonly after: number }>();

  constructor(input: LocationInput) {
    this.at = { account: input.account, region: input.region };
    this.quota = input.quota;
    this.book = input.book;
    this.pace = input.pace;
  }

  ask(message: LeaseMessage): void {
    if (!isMessage(message, LEASE) || !Array.isArray(message.nodes)) {
      ignored('lease');
      return;
    }
    const { owner, batch, nodes, snapshots, quota } = message;
    this.quota = quota;
    this.becomes(book.ask(this.book, { owner, batch, nodes, snapshots }));
  }

  snapshotsEnded(message: OfBatch): void {
    if (isMessage(message, OF_BATCH)) this.becomes(book.snapshotsEnded(this.book, message));
    else ignored('snapshotted');
  }

  release(message: OfBatch): void {
    if (isMessage(message, OF_BATCH)) this.becomes(book.release(this.book, message));
    else ignored('release');
  }

  slower(): void {
    this.pace = slower(this.pace, Date.now());
    this.changed = true;
  }

  view() {
    return { ...this.book, quota: this.quota, gap: this.pace.gap };
  }

  handOver(): LocationInput {
    return { ...this.at, quota: this.quota, book: this.book, pace: this.pace };
  }

  /** Until somebody asked or gave back, the pace allows another grant, or an owner is to be looked at again. */
  async somethingToDo(): Promise<void> {
    const wake = this.nextLook();
    if (wake === null) await condition(() => this.changed);
    else await condition(() => this.changed, Math.max(wake - Date.now(), 1), { summary: 'Until the next look' });
    this.changed = false;
  }

  async grant(): Promise<void> {
    const { pace, atMost } = paceAt(this.pace, Date.now());
    this.pace = pace;
    const answer = book.grant(this.book, this.quota, atMost);
    this.book = answer.book;
    this.blocked = answer.blocked;
    if (answer.granted.length > 0) this.pace = granted(this.pace, Date.now());
    this.show();
    await Promise.all(answer.granted.map((request) => this.tell(request)));
  }

  /** Whoever has what others wait for and has ended gives it back, though it could not say so. */
  async lookAtOwners(): Promise<void> {
    const owners = [...new Set(this.blocked.flatMap((request) => request.owners))];
    for (const owner of this.looks.keys()) if (!owners.includes(owner)) this.looks.delete(owner);
    const due = owners.filter((owner) => Date.now() >= (this.looks.get(owner)?.next ?? 0));
    if (due.length === 0) return;
    const ended = await leasing.endedOwners({ owners: due });
    for (const owner of due) {
      const after = Math.min((this.looks.get(owner)?.after ?? FIRST_LOOK / 2) * 2, LATEST_LOOK);
      this.looks.set(owner, { next: Date.now() + after, after });
    }
    for (const owner of ended) {
      log.warn('A wave ended without giving back its nodes', { owner });
      this.becomes(book.releaseAll(this.book, owner));
    }
  }

  private async tell({ owner, batch }: book.LeaseRequest): Promise<void> {
    try {
      await getExternalWorkflowHandle(owner).signal(leased, { batch });
    } catch (error) {
      log.warn('A wave that asked for nodes has ended', { owner, batch, error: reasonOf(error) });
      this.becomes(book.releaseAll(this.book, owner));
    }
  }

  private nextLook(): number | null {
    const looks = [
      ...[...this.looks.values()].map(({ next }) => next),
      ...(this.pace.gap > 0 && this.book.waiting.length > 0 ? [this.pace.notBefore] : []),
    ];
    return looks.length === 0 ? null : Math.min(...looks);
  }

  private becomes(next: book.LeaseBook): void {
    this.book = next;
    this.changed = true;
  }

  /** What an operator sees in the Temporal UI. */
  private show(): void {
    const { leases: held, waiting } = this.book;
    const nodes = held.reduce((sum, each) => sum + each.nodes.length, 0);
    const pending = held.reduce((sum, each) => sum + each.pending, 0);
    const lines = [
      `**${this.at.account} in ${this.at.region}**: ${nodes} nodes in ${held.length} batches, at most ${pending} of ${this.quota} snapshots pending`,
      ...(this.pace.gap > 0 ? [`**Slower**: one batch every ${this.pace.gap / 1_000} s, since AWS throttled`] : []),
      ...held.slice(0, SHOWN).map((each) => `- ${each.owner}, batch ${each.batch}: ${each.nodes.length} nodes`),
      ...(waiting.length > 0 ? [`${waiting.length} batches wait`] : []),
      ...this.blocked
        .slice(0, SHOWN)
        .map(
          ({ request, by, owners }) =>
            `- ${request.owner}, batch ${request.batch}: waits for ${by} of ${owners.join(', ')}`,
        ),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}

const SHOWN = 20;
const ignored = (signal: string): void => log.warn(`A signal ${signal} was ignored: it is not what its type says`);
