import { type Kysely, sql } from 'kysely';
import type { Records } from '../../activities/ports.js';
import { digestOf } from '../../domain/digest.js';
import { patchSetDigest } from '../../domain/patch-set.js';
import { StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { json } from '../sql.js';

type Manifests = Pick<
  Records,
  'saveManifest' | 'manifest' | 'saveSelection' | 'selection' | 'savePatchSet' | 'patchSet'
>;

/** What is fixed under its digest: manifests, selections, patch sets. */
export const manifests = (db: Kysely<Database>): Manifests => ({
  saveManifest: async (manifest) => {
    const digest = digestOf(manifest);
    await db
      .insertInto('manifests')
      .values({ digest, cycle: manifest.cycle, stage: manifest.stage, body: json(manifest) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return digest;
  },
  manifest: async (digest) => {
    const row = await db.selectFrom('manifests').select('body').where('digest', '=', digest).executeTakeFirst();
    if (!row) throw new StoreNotFound(`There is no manifest ${digest}.`);
    return row.body;
  },

  saveSelection: async (selection) => {
    const digest = digestOf(selection);
    await db
      .insertInto('selections')
      .values({ digest, cycle: selection.cycle, body: json(selection) })
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ at: sql`now()` }))
      .execute();
    // Those of a cycle go when it ends; a scan of the fleet has ended long before a week is over.
    await db
      .deleteFrom('selections')
      .where('cycle', 'is', null)
      .where('at', '<', sql<never>`now() - interval '7 days'`)
      .execute();
    return digest;
  },
  selection: async (digest) => {
    const row = await db.selectFrom('selections').select('body').where('digest', '=', digest).executeTakeFirst();
    if (!row) throw new StoreNotFound(`There is no selection ${digest}.`);
    return row.body;
  },

  savePatchSet: async (set) => {
    const digest = patchSetDigest(set.patches);
    const { cycle, stage } = set;
    await db
      .insertInto('patch_sets')
      .values({ digest, cycle, stage, patches: json(set.patches) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const row = await db
      .selectFrom('patch_sets')
      .selectAll()
      .where('digest', '=', digest)
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .executeTakeFirstOrThrow();
    return { digest, cycle, stage, patches: row.patches, harvestedAt: row.harvested_at };
  },
  patchSet: async (digest) => {
    const row = await db
      .selectFrom('patch_sets')
      .selectAll()
      .where('digest', '=', digest)
      .orderBy('harvested_at', 'desc')
      .executeTakeFirst();
    if (!row) throw new StoreNotFound(`There is no patch set ${digest}.`);
    return { digest, cycle: row.cycle, stage: row.stage, patches: row.patches, harvestedAt: row.harvested_at };
  },
});
