import { beforeAll, describe, expect, test } from '@jest/globals';
import { testBundle } from '../support/temporal.js';
import { historyFromJson } from './history-json.js';
import { type RecordedHistory, recordedHistories, recordHistories } from './recording.js';
import { notReplayed } from './replaying.js';

let bundle: { code: string };
let histories: RecordedHistory[];
beforeAll(async () => {
  if (process.env.RECORD_HISTORIES) await recordHistories();
  bundle = await testBundle();
  histories = await recordedHistories();
}, 120_000);

/** The names of those whose recorded decisions are not what this code would decide now. */
const brokenBy = async (code: string, replayed: readonly RecordedHistory[]): Promise<string[]> => {
  const read = replayed.map(({ workflowId, history }) => ({ workflowId, history: historyFromJson(history) }));
  const broken = (await notReplayed(read, { code })).map(({ workflowId }) => workflowId);
  return replayed.filter(({ workflowId }) => broken.includes(workflowId)).map(({ name }) => name);
};

const named = (name: string): RecordedHistory => {
  const found = histories.find((history) => history.name === name);
  if (!found) throw new Error(`There is no history ${name}.`);
  return found;
};

describe('recorded histories', () => {
  test('tell of every workflow that lasts', () => {
    const types = histories.map(({ history }) => JSON.stringify(history.events[0]));
    for (const type of ['patchCycle', 'patchStage', 'patchWave', 'scanLocation', 'scanFleet', 'startPlannedCycle'])
      expect(types.some((event) => event.includes(`{"name":"${type}"}`))).toBe(true);
  });

  test('replay with the workflows as they are now', async () => {
    expect(await brokenBy(bundle.code, histories)).toEqual([]);
  });

  test('break where a workflow leaves out what it had done: a stage that does not soak', async () => {
    const soak = 'if (policy.soak > 0) await soak(stage, breaker);';
    expect(bundle.code).toContain(soak);
    expect(await brokenBy(bundle.code.replace(soak, ''), histories)).toEqual(['stage-with-tasks-and-soak']);
  });

  test('break where they tell of something that the workflow never asked for', async () => {
    const { history, ...wave } = named('wave-with-all-steps');
    const text = JSON.stringify(history);
    const altered = text.replace('"name":"beginStep"', '"name":"beginSomething"');
    expect(altered).not.toBe(text);
    expect(await brokenBy(bundle.code, [{ ...wave, history: JSON.parse(altered) }])).toEqual(['wave-with-all-steps']);
  });
});
