import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { Location, PlanName, StageName } from '../domain/ids.js';

/*
 * What an operator filters by in the Temporal UI. Current details need a live worker to be shown; search attributes do
 * not, so the reason for waiting (`PatchPhase`) is one of them.
 */
export const searchAttributes = {
  plan: defineSearchAttributeKey('PatchPlan', SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey('PatchStage', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('PatchPhase', SearchAttributeType.KEYWORD),
  account: defineSearchAttributeKey('AwsAccountId', SearchAttributeType.KEYWORD),
  region: defineSearchAttributeKey('AwsRegion', SearchAttributeType.KEYWORD),
} as const;

/** What a workflow is doing, or why it waits. */
export type Phase =
  | 'preparing'
  | 'waiting-approval'
  | 'waiting-window'
  | 'waiting-operator'
  | 'waiting-aws'
  | 'patching'
  | 'soaking'
  | 'harvesting'
  | 'scanning'
  | 'rolling-back'
  | 'paused'
  | 'ended';

export function setPhase(phase: Phase): void {
  upsertSearchAttributes([{ key: searchAttributes.phase, value: phase }]);
}

/** The attributes that a workflow of a plan starts with. */
export const attributesOf = (of: { plan: PlanName; stage?: StageName; at?: Location; phase: Phase }) => [
  { key: searchAttributes.plan, value: of.plan },
  { key: searchAttributes.phase, value: of.phase },
  ...(of.stage ? [{ key: searchAttributes.stage, value: of.stage }] : []),
  ...(of.at
    ? [
        { key: searchAttributes.account, value: of.at.account },
        { key: searchAttributes.region, value: of.at.region },
      ]
    : []),
];
