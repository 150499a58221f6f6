import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Budget, hasRoom } from '../../domain/budget.js';
import type { WaveSummary } from '../../domain/manifest.js';

const wave = (number: number, more: Partial<WaveSummary> = {}): WaveSummary =>
  ({
    number,
    window: 'any-time',
    account: '111122223333',
    region: 'eu-west-1',
    zone: 'euw1-az1',
    maxUnavailable: 2,
    ...more,
  }) as WaveSummary;

describe('the disruption budget', () => {
  test('of a place is consumed by its failures, in its later waves too, and not by those of other zones', () => {
    const budget = new Budget();
    budget.begins(wave(1), false);
    budget.begins(wave(2, { zone: 'euw1-az2' as WaveSummary['zone'] }), false);
    budget.reports(1, 2, 0);
    budget.ends(1, 3);
    budget.begins(wave(3), false);
    expect([budget.lostTo(2), budget.lostTo(3)]).toEqual([0, 2]);
  });

  test('is given back for the failures that there are, not for later ones', () => {
    const budget = new Budget();
    budget.begins(wave(1), false);
    budget.reports(1, 2, 1);
    expect(budget.withoutRoom()).toMatchObject({ wave: { number: 1 }, lost: 2, needs: 1 });
    budget.giveBack();
    expect([budget.withoutRoom(), budget.lostTo(1)]).toEqual([null, 0]);
    budget.reports(1, 3, 0);
    expect(budget.lostTo(1)).toBe(1);
  });

  test('is free again of those that another try has brought back, and nobody is asked before its end', () => {
    const budget = new Budget();
    budget.begins(wave(1), false);
    budget.reports(1, 2, 1);
    budget.begins(wave(2), true);
    expect([budget.withoutRoom(), budget.lostTo(1), budget.lostTo(2)]).toEqual([null, 2, 0]);
    budget.reports(2, 1, 0);
    expect(budget.lostTo(1)).toBe(2);
    expect(budget.ends(2, 1)).toBe(true);
    expect([budget.withoutRoom(), budget.lostTo(1)]).toEqual([null, 1]);
  });

  test('is asked about where another try did not help', () => {
    const budget = new Budget();
    budget.begins(wave(1), false);
    budget.reports(1, 2, 1);
    budget.begins(wave(2), true);
    budget.reports(2, 2, 0);
    budget.ends(2, 0);
    expect(budget.withoutRoom()).toMatchObject({ wave: { number: 1 }, lost: 2 });
  });

  test('is never exceeded, whatever fails, by more than what people have given back', () => {
    const batch = fc.record({ size: fc.integer({ min: 1, max: 4 }), failing: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 8 }),
        fc.array(batch, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.constantFrom('end', 'begin', 'retry', 'continue')),
        (maxUnavailable, batches, moves) => {
          const budget = new Budget();
          budget.begins(wave(1, { maxUnavailable }), false);
          const inFlight: { size: number; failing: number }[] = [];
          let [next, failed, down, forgiven, retries] = [0, 0, 0, 0, 1];
          const out = () => inFlight.reduce((sum, { size }) => sum + size, 0);
          for (let step = 0; next < batches.length && step < 500; step++) {
            const { size, failing } = batches[next] ?? { size: 0, failing: 0 };
            const room = { maxUnavailable, outOfService: out(), lost: budget.lostTo(1) };
            const move = moves.next().value;
            if (move === 'end' && inFlight[0]) {
              const ended = inFlight.shift();
              const more = Math.min(ended?.failing ?? 0, ended?.size ?? 0);
              failed += more;
              down += more;
              budget.reports(1, failed, 0);
            } else if (hasRoom(room, size)) {
              inFlight.push({ size, failing });
              next += 1;
            } else if (inFlight.length === 0) {
              budget.reports(1, failed, size);
              expect(budget.withoutRoom()).toMatchObject({ lost: room.lost, needs: size });
              if (move === 'retry') {
                retries += 1;
                const well = Math.min(down, retries % 3);
                budget.begins(wave(retries), true);
                budget.ends(retries, well);
                down -= well;
                forgiven = Math.max(0, forgiven - well);
              } else {
                budget.giveBack();
                forgiven = down;
              }
            }
            expect(out() + down).toBeLessThanOrEqual(maxUnavailable + forgiven);
          }
        },
      ),
    );
  });
});
