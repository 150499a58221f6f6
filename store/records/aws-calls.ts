import { type Kysely, sql } from 'kysely';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import type { Database } from '../schema.js';

/** The latest answer of AWS to one kind of call in one location. */
export interface AwsCall {
  readonly account: AccountId;
  readonly region: Region;
  readonly service: string;
  /** AWS's name of it, as in `SendCommand`. */
  readonly operation: string;
  /** `ok`, or what went wrong: `denied`, `unreachable`, … */
  readonly outcome: string;
  readonly at: Instant;
}

/** How AWS answers of late; a location is counted once. */
export interface AwsReach {
  /** Locations whose calls are all answered, whatever the answer says. */
  readonly up: number;
  /** Locations in which some kind of call is denied or gets no answer. */
  readonly down: number;
}

/** What workers know of AWS, for those who cannot ask it themselves. */
export interface AwsCalls {
  /** Keeps the newest of each kind of call, whoever writes it and in whatever order. */
  awsCalled(calls: readonly AwsCall[]): Promise<void>;
  /** What the calls since then tell; a location that nobody called since then is in neither number. */
  awsReach(since: Instant): Promise<AwsReach>;
}

export const awsCalls = (db: Kysely<Database>): AwsCalls => ({
  awsCalled: async (calls) => {
    if (calls.length === 0) return;
    await db
      .insertInto('aws_calls')
      .values([...calls])
      .onConflict((conflict) =>
        conflict
          .columns(['account', 'region', 'service', 'operation'])
          .doUpdateSet((row) => ({ outcome: row.ref('excluded.outcome'), at: row.ref('excluded.at') }))
          .where(sql<boolean>`excluded.at >= aws_calls.at`),
      )
      .execute();
  },
  awsReach: async (since) => {
    const { rows } = await sql<AwsReach>`
      select count(*) filter (where not troubled)::int as up, count(*) filter (where troubled)::int as down
      from (
        select bool_or(outcome in ('denied', 'unreachable')) as troubled
        from aws_calls where at >= ${since} group by account, region
      ) as locations`.execute(db);
    return rows[0] ?? { up: 0, down: 0 };
  },
});
