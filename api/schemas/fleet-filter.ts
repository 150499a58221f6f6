import { z } from 'zod';
import { OPERATING_SYSTEMS } from '../../domain/fleet.js';
import { compliance } from './cycles.js';

/** Which nodes of the inventory. */
export const filterQuery = {
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional()
    .meta({ description: 'twelve digits', examples: ['111122223333'] }),
  region: z
    .string()
    .max(30)
    .optional()
    .meta({ description: 'the code of an AWS Region', examples: ['eu-west-1'] }),
  patchGroup: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'a patch group', examples: ['storefront-prod'] }),
  environment: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'a value of the tag Environment', examples: ['prod'] }),
  os: z.enum(OPERATING_SYSTEMS).optional(),
  status: compliance.optional(),
};
