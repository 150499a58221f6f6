import { expect, test } from '@jest/globals';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import type { AwsCall } from '../../store/index.js';
import { onEveryDatabase } from '../support/databases.js';

const call = (region: string, operation: string, outcome: string, at: string): AwsCall => ({
  account: '111122223333' as AccountId,
  region: region as Region,
  service: 'ssm',
  operation,
  outcome,
  at: at as Instant,
});
const NINE = '2026-03-01T09:00:00.000Z';
const TEN = '2026-03-01T10:00:00.000Z';

onEveryDatabase('what workers know of AWS', (on) => {
  test('a location in which one kind of call is denied counts as down, though others are answered', async () => {
    await on.store.awsCalled([
      call('eu-west-1', 'ListCommands', 'ok', TEN),
      call('eu-west-1', 'SendCommand', 'denied', TEN),
      call('us-east-1', 'ListCommands', 'throttled', TEN),
    ]);
    expect(await on.store.awsReach(NINE as Instant)).toEqual({ up: 1, down: 1 });
  });

  test('the newest answer counts, in whatever order two workers write', async () => {
    await on.store.awsCalled([call('eu-west-1', 'SendCommand', 'ok', TEN)]);
    await on.store.awsCalled([call('eu-west-1', 'SendCommand', 'unreachable', NINE)]);
    expect(await on.store.awsReach(NINE as Instant)).toEqual({ up: 1, down: 0 });
  });

  test('what is older than asked for tells nothing', async () => {
    await on.store.awsCalled([call('eu-west-1', 'SendCommand', 'denied', NINE)]);
    expect(await on.store.awsReach(TEN as Instant)).toEqual({ up: 0, down: 0 });
  });
});
