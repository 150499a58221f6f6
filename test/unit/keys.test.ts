import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cycleId, type PlanName, type StageName } from '../../domain/ids.js';
import { scanKey, stageScan, stageTaskKey, stepKey, waveKeyPrefix } from '../../domain/keys.js';

const CYCLE = cycleId('storefront' as PlanName, 7);
const PROD = 'prod' as StageName;

describe('the key of an effect', () => {
  test('says whose it is, where and what', () => {
    expect(stepKey(CYCLE, PROD, 2, 13, 'before-1')).toBe('patchtide/storefront-7/prod/w2.b13.before-1');
    expect(stageTaskKey(CYCLE, PROD, 'after-stage-1', 2, 3)).toBe('patchtide/storefront-7/prod/after-stage-1.l2.c3');
    expect(scanKey(stageScan(CYCLE, PROD, 'prepare1'), 1, 4)).toBe('patchtide/storefront-7/prod/scan-prepare1/l1.b4');
  });

  test('keeps wave 1 apart from wave 10', () => {
    expect(stepKey(CYCLE, PROD, 10, 1, 'install').startsWith(waveKeyPrefix(CYCLE, PROD, 1))).toBe(false);
    expect(stepKey(CYCLE, PROD, 1, 10, 'install').startsWith(waveKeyPrefix(CYCLE, PROD, 1))).toBe(true);
  });

  test('is another one for another place, batch or step', () => {
    const place = fc.record({
      number: fc.integer({ min: 1, max: 120 }),
      wave: fc.integer({ min: 1, max: 120 }),
      batch: fc.integer({ min: 1, max: 120 }),
      step: fc.constantFrom('check', 'snapshot', 'before-1', 'before-11', 'install', 'after-1', 'scan'),
    });
    const keyOf = ({ number, wave, batch, step }: { number: number; wave: number; batch: number; step: string }) =>
      stepKey(cycleId('storefront' as PlanName, number), PROD, wave, batch, step);
    fc.assert(
      fc.property(place, place, (one, other) => {
        expect(keyOf(one) === keyOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  test('fits the 100 characters of a command’s Comment, with the longest names', () => {
    const cycle = cycleId('p'.repeat(40) as PlanName, 9_999);
    const stage = 's'.repeat(20) as StageName;
    const keys = [
      stepKey(cycle, stage, 9_999, 999, 'before-10'),
      stageTaskKey(cycle, stage, 'before-stage-10', 99, 99),
      scanKey(stageScan(cycle, stage, 'prepare10'), 99, 99),
    ];
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(100);
  });
});
