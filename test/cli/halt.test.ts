import { expect, test } from '@jest/globals';
import { startCycle } from '../api/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();

test('halt and unhalt say how many cycles were told', async () => {
  await startCycle(service);
  expect(await service.as('operator', ['halt', '--reason', 'A bad patch is out'])).toMatchObject({
    code: 0,
    stdout: 'Halted: nothing new begins anywhere, what runs is finished. 1 running cycle told.\n',
  });
  expect(await service.as('operator', ['unhalt', '--reason', 'It was withdrawn', '--json'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"told": 1'),
  });
});

test('a start that is refused since everything is halted says by whom', async () => {
  await startCycle(service);
  await service.as('operator', ['halt', '--reason', 'A bad patch is out']);
  const { code, stderr } = await service.as('operator', ['cycle', 'start', 'storefront', '--reason', 'Now']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('Halted by operator: A bad patch is out')]);
});
