/** A token bucket: `capacity` calls at once, `refill` more each second. */
export interface Bucket {
  capacity: number;
  refill: number;
}

export const BUCKETS = [
  'ec2-describe',
  'ec2-snapshots',
  'ec2-mutate',
  'ssm',
  'ssm-automations',
  'sts',
  'autoscaling',
  'elasticloadbalancing',
] as const;
export type BucketName = (typeof BUCKETS)[number];
export type Limits = Partial<Record<BucketName, Bucket | 'none'>>;

/** AWS's published rates of a location; those of SSM in general, STS, Auto Scaling and Elastic Load Balancing are not and are set generously. */
export const DEFAULT_LIMITS: Record<BucketName, Bucket> = {
  'ec2-describe': { capacity: 100, refill: 20 },
  'ec2-snapshots': { capacity: 100, refill: 5 },
  'ec2-mutate': { capacity: 50, refill: 5 },
  'ssm-automations': { capacity: 5, refill: 1 },
  ssm: { capacity: 200, refill: 60 },
  sts: { capacity: 100, refill: 50 },
  autoscaling: { capacity: 100, refill: 20 },
  elasticloadbalancing: { capacity: 100, refill: 20 },
};

/** The rate limits of all locations. They run on wall time: the fleet's speed does not shrink them. */
export class RateLimits {
  readonly #levels = new Map<string, { tokens: number; at: number }>();
  readonly #limitsOf: (account: string, region: string) => Limits;

  constructor(limitsOf: (account: string, region: string) => Limits) {
    this.#limitsOf = limitsOf;
  }

  /** Takes one token; false if there is none, in which case the call is to be refused. `now` in epoch milliseconds. */
  take(bucket: BucketName, account: string, region: string, now: number): boolean {
    const limit = this.#limitsOf(account, region)[bucket] ?? DEFAULT_LIMITS[bucket];
    if (limit === 'none') return true;
    const id = `${account}/${region}/${bucket}`;
    const level = this.#levels.get(id) ?? { tokens: limit.capacity, at: now };
    const tokens = Math.min(limit.capacity, level.tokens + ((now - level.at) / 1000) * limit.refill);
    const granted = tokens >= 1;
    this.#levels.set(id, { tokens: granted ? tokens - 1 : tokens, at: now });
    return granted;
  }
}
