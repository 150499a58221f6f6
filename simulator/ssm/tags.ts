import { z } from 'zod';
import { AwsError } from '../errors.js';
import { placeOf } from '../fleet/fleet.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { nodeOf, recordToTags, tagList, tagsToRecord } from './common.js';
import { windowOf } from './maintenance-windows.js';

const resource = { ResourceType: z.string(), ResourceId: z.string() };

export const addTagsToResource = jsonOperation(
  z.object({ ...resource, Tags: tagList.max(1000) }),
  ({ ResourceType, ResourceId, Tags }, call) => {
    const owner = taggedResource(ResourceType, ResourceId, call);
    owner.save({ ...owner.tags, ...tagsToRecord(Tags) }, tagsToRecord(Tags));
    return {};
  },
);

export const removeTagsFromResource = jsonOperation(
  z.object({ ...resource, TagKeys: z.array(z.string()) }),
  ({ ResourceType, ResourceId, TagKeys }, call) => {
    const owner = taggedResource(ResourceType, ResourceId, call);
    const left = Object.entries(owner.tags).filter(([key]) => !TagKeys.includes(key));
    owner.save(Object.fromEntries(left), Object.fromEntries(TagKeys.map((key) => [key, null])));
    return {};
  },
);

export const listTagsForResource = jsonOperation(z.object(resource), ({ ResourceType, ResourceId }, call) => ({
  TagList: recordToTags(taggedResource(ResourceType, ResourceId, call).tags),
}));

interface Tagged {
  tags: Record<string, string>;
  save(tags: Record<string, string>, changed: Record<string, string | null>): void;
}

function taggedResource(type: string, id: string, call: Call): Tagged {
  const { fleet } = call;
  switch (type) {
    case 'ManagedInstance': {
      const node = nodeOf(id, call);
      if (!node?.hybrid) throw new AwsError('InvalidResourceId', `${id} is no managed instance.`);
      return {
        tags: node.tags,
        save: (tags, changed) => {
          fleet.nodes.put(id, Object.assign(node, { tags }));
          fleet.ledger.record(fleet.clock.wall(), 'tags-changed', { ...placeOf(node), tags: changed });
        },
      };
    }
    case 'PatchBaseline': {
      const baseline = fleet.baselines.get(id);
      const own = baseline?.account === call.account && baseline.region === call.region;
      if (!baseline || !own) throw new AwsError('InvalidResourceId', `${id} is no patch baseline.`);
      return { tags: baseline.tags, save: (tags) => fleet.baselines.put(id, Object.assign(baseline, { tags })) };
    }
    case 'MaintenanceWindow': {
      const window = windowOf(id, call);
      return { tags: window.tags, save: (tags) => fleet.maintenanceWindows.put(id, { ...window, tags }) };
    }
    case 'Automation': {
      const automation = fleet.automations.get(id);
      if (!automation) throw new AwsError('InvalidResourceId', `${id} is no automation execution.`);
      return { tags: automation.tags, save: (tags) => fleet.automations.put(id, Object.assign(automation, { tags })) };
    }
    default:
      throw new AwsError('InvalidResourceType', `The resource type ${type} is not valid.`);
  }
}
