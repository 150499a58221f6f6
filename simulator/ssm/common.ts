import { z } from 'zod';
import { AwsError } from '../errors.js';
import type { FleetNode } from '../fleet/model.js';
import { type Call, paginate } from '../http/operation.js';

/** JSON carries times as seconds since 1970. */
export const seconds = (milliseconds: number): number => milliseconds / 1000;

export const tagList = z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) }));
export const instanceIds = z.array(z.string()).max(50, 'Member must have length less than or equal to 50');
/** Parameters as the caller sends them. */
export const parameters = z.record(z.string(), z.array(z.string())).default({});

export const paging = (least: number, most: number) => ({
  MaxResults: z
    .int()
    .min(least, `Member must have value greater than or equal to ${least}`)
    .max(most, `Member must have value less than or equal to ${most}`)
    .default(most),
  NextToken: z.string().optional(),
});

/** A page in SSM's shape. */
export function pageOf<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
  { MaxResults, NextToken }: { MaxResults: number; NextToken?: string | undefined },
) {
  const invalid = () => new AwsError('InvalidNextToken', 'The specified token is not valid.');
  const { page, next } = paginate(items, idOf, MaxResults, NextToken, invalid);
  return { page, token: next === undefined ? {} : { NextToken: next } };
}

export const tagsToRecord = (tags: z.output<typeof tagList>): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

export const recordToTags = (tags: Record<string, string>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** A node of the caller's location that can have been registered with the service. */
export function nodeOf(id: string, { fleet, account, region }: Call): FleetNode | undefined {
  const node = fleet.nodes.get(id);
  return node && node.account === account && node.region === region ? node : undefined;
}

/** Whether the service can run commands on it: stopped and terminated instances are no managed nodes. */
export const isManaged = (node: FleetNode): boolean => node.state === 'running';
