import { z } from 'zod';
import { count, instant, reason, text } from './common.js';

export const haltBody = z.strictObject({ reason });

const halt = z
  .object({ by: text, reason: text, at: instant })
  .nullable()
  .describe('Who wants no new work anywhere, and why; null: nobody');

export const haltShown = z.object({ halt }).meta({ id: 'Halt' });
export const haltTold = z
  .object({ halt, told: count.describe('How many cycles were running, and have been told') })
  .meta({ id: 'HaltTold' });
