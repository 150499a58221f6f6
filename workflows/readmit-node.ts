import type { Readmission } from '../domain/set-aside.js';
import { readmitting } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { setPhase } from './phase.js';

/** Takes a node back that was set aside. While AWS is out of reach or denies, its tag is late; cycles take it at once. */
export async function readmitNode(readmission: Readmission): Promise<void> {
  await untilAwsAnswers(
    () => readmitting.readmit(readmission),
    async (message) => setPhase(message === null ? 'ended' : 'waiting-aws'),
  );
}
