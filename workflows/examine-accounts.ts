import type { DoctorReport, DoctorRequest } from '../domain/doctor/report.js';
import { examining } from './activities.js';

/** What works in the registered accounts. The API asks through here, since only workers talk to AWS. */
export async function examineAccounts(request: DoctorRequest): Promise<DoctorReport> {
  return examining.examineAccounts(request);
}
