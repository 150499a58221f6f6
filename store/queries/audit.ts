import type { Kysely } from 'kysely';
import type { AuditEntry } from '../../activities/ports.js';
import type { Database } from '../schema.js';
import { pageOf } from './page.js';

export interface AuditQueries {
  /** The newest first; `next` is where the next page goes on, null on the last one. */
  auditEntries(query: {
    readonly who?: string;
    readonly subject?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<{ items: (AuditEntry & { readonly seq: number })[]; next: number | null }>;
}

export const auditQueries = (db: Kysely<Database>): AuditQueries => ({
  auditEntries: async ({ who, subject, before, limit }) => {
    let query = db.selectFrom('audit').selectAll().orderBy('seq', 'desc');
    if (who !== undefined) query = query.where('who', '=', who);
    if (subject !== undefined) query = query.where('subject', '=', subject);
    if (before !== undefined) query = query.where('seq', '<', before);
    return pageOf(await query.limit(limit + 1).execute(), limit, ({ seq }) => seq);
  },
});
