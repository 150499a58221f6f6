import type { Table } from '../journal.js';
import type { FleetEvent, ScheduledEvent } from './model.js';

/** What is due when, in fleet time: a binary heap over a table of the journal, so that it survives a restart. */
export class Agenda {
  readonly #table: Table<ScheduledEvent>;
  readonly #heap: ScheduledEvent[] = [];
  #order = 0;
  /** The moment of the event that was taken last: nothing can be due before it any more. */
  #reached = 0;

  constructor(table: Table<ScheduledEvent>) {
    this.#table = table;
    for (const scheduled of table.values()) {
      this.#order = Math.max(this.#order, scheduled.order);
      this.#push(scheduled);
    }
  }

  schedule(at: number, event: FleetEvent): void {
    this.#order += 1;
    const due = Math.max(at, this.#reached);
    const scheduled: ScheduledEvent = { id: this.#order.toString(36), at: due, order: this.#order, event };
    this.#table.put(scheduled.id, scheduled);
    this.#push(scheduled);
  }

  /** The earliest event that is due at `now`, taken off the agenda. Events of one moment come in the order of their scheduling. */
  takeDue(now: number): ScheduledEvent | undefined {
    const first = this.#heap[0];
    if (!first || first.at > now) return undefined;
    const last = this.#heap.pop();
    if (last && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.#table.delete(first.id);
    this.#reached = first.at;
    return first;
  }

  #push(scheduled: ScheduledEvent): void {
    const heap = this.#heap;
    let child = heap.push(scheduled) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) return;
      child = parent;
    }
  }

  #sink(): void {
    let parent = 0;
    for (;;) {
      const left = parent * 2 + 1;
      const child = this.#earlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, parent)) return;
      parent = child;
    }
  }

  #earlier(one: number, other: number): boolean {
    const left = this.#heap[one];
    const right = this.#heap[other];
    if (!left || !right) return false;
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const lower = this.#heap[child];
    const upper = this.#heap[parent];
    if (!lower || !upper || !this.#earlier(child, parent)) return false;
    this.#heap[child] = upper;
    this.#heap[parent] = lower;
    return true;
  }
}
