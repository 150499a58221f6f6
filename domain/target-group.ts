import type { AccountId, Location, Region } from './ids.js';

/** Where a target group is, by its ARN: `arn:aws:elasticloadbalancing:<Region>:<account>:targetgroup/<name>/<id>`. */
export function targetGroupLocation(arn: string): Location {
  const [, , , region, account] = arn.split(':');
  return { account: (account ?? '') as AccountId, region: (region ?? '') as Region };
}
