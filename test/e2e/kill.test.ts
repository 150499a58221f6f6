import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nodesSchema } from './support/cycle.js';
import { installEnded, stepsOf, untilInstalling } from './support/effects.js';
import { accountDocument, alwaysOpen, fleetOf, nodes, planDocument, REGION, stage, zoneOf } from './support/fleets.js';
import { RunningStack } from './support/running-stack.js';

/** Each killed thing has an application of its own, so that no test finds nodes that another has patched. */
const APPLICATIONS = ['worker', 'temporal', 'database', 'everything'] as const;
const zones = [zoneOf(REGION, 1)];

let stack: RunningStack;
beforeAll(async () => {
  stack = await RunningStack.start(
    fleetOf(
      APPLICATIONS.flatMap((application) => [
        nodes(application, 'test', { zones }),
        nodes(application, 'prod', { zones, count: 2 }),
      ]),
    ),
  );
  const plans = APPLICATIONS.map((application) =>
    planDocument(application, { stages: [stage('test', { soak: 'PT1S' }), stage('prod')] }),
  );
  await stack.apply(accountDocument(), alwaysOpen, ...plans);
}, 60_000);
afterAll(() => stack?.stop(), 60_000);

const KILLS: Record<(typeof APPLICATIONS)[number], () => Promise<unknown>> = {
  worker: async () => stack.process.kill('worker'),
  temporal: async () => stack.process.kill('temporal'),
  database: async () => stack.process.kill('database'),
  everything: async () => {
    await stack.process.killEverything();
    await stack.process.start();
  },
};

describe('kill -9 in the middle of an install', () => {
  test.each(APPLICATIONS)(
    'of %s: the cycle ends as it would have, and nothing is done twice',
    async (application) => {
      const id = await stack.startCycle(application);
      await stack.approve(id);
      await untilInstalling(stack, `${id}/prod`);

      const killedAt = (await stack.ledger()).length;
      await KILLS[application]();
      await stack.speed();

      expect(await stack.ended(id)).toMatchObject({ status: 'completed', nodes: { total: 3, patched: 3 } });
      const { items } = await stack.as('viewer').get(`/v1/cycles/${id}/nodes`, nodesSchema);
      expect(items.map(({ outcome }) => outcome)).toEqual(['patched', 'patched', 'patched']);
      expect(await stack.violations(id)).toEqual([]);

      const ledger = await stack.ledger();
      expect(installEnded(ledger, `${id}/prod`)).toBeGreaterThanOrEqual(killedAt);
      expect(stepsOf(ledger, `${id}/prod`, 1)).toEqual(['check', 'snapshot', 'before-1', 'install', 'scan', 'after-1']);
    },
    120_000,
  );
});
