import type { CycleId, StageName } from './ids.js';

/*
 * Every effect has a deterministic key: the Comment of a command, a tag of a snapshot, the seed of an automation's token.
 * A Comment holds at most 100 characters (SSM API model, SendCommand); plan names of at most 40 and stage names of at
 * most 20 characters keep every key within it.
 */

const owner = (cycle: CycleId, stage: StageName) => `patchtide/${cycle}/${stage}`;

/** A step of a batch of a wave. Waves are numbered within the stage's manifest. */
export const stepKey = (cycle: CycleId, stage: StageName, wave: number, batch: number, step: string): string =>
  `${owner(cycle, stage)}/w${wave}.b${batch}.${step}`;

/** A step of a batch that is rolled back; rollbacks are numbered within their cycle. */
export const rollbackKey = (
  { cycle, number }: { readonly cycle: CycleId; readonly number: number },
  at: { readonly stage: StageName; readonly wave: number; readonly batch: number },
  step: string,
): string => `${owner(cycle, at.stage)}/r${number}.w${at.wave}.b${at.batch}.${step}`;

/** What all effects of a wave's steps have in common; the dot keeps wave 1 apart from wave 10. */
export const waveKeyPrefix = (cycle: CycleId, stage: StageName, wave: number): string =>
  `${owner(cycle, stage)}/w${wave}.`;

/** A stage's own task in one location, on one chunk of its nodes. */
export const stageTaskKey = (cycle: CycleId, stage: StageName, step: string, location: number, chunk: number): string =>
  `${owner(cycle, stage)}/${step}.l${location}.c${chunk}`;

/** A scan of one batch; `scan` is `<cycle>/<stage>/<preparation>` or the id of a fleet's scan. */
export const scanKey = (scan: string, location: number, batch: number): string =>
  `patchtide/${scan}/l${location}.b${batch}`;

export const stageScan = (cycle: CycleId, stage: StageName, preparation: string): string =>
  `${cycle}/${stage}/scan-${preparation}`;
