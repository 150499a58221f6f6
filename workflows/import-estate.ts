import type { Instant } from '../domain/ids.js';
import type { Import, ImportRequest } from '../domain/import/import.js';
import { importing } from './activities.js';

/** Documents for what AWS does today. The API asks through here, since only workers talk to AWS. */
export async function importEstate(request: ImportRequest): Promise<Import> {
  return importing.importEstates({ ...request, now: new Date(Date.now()).toISOString() as Instant });
}
