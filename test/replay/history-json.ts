import { createRequire } from 'node:module';
import type { History } from '@temporalio/common/lib/proto-utils.js';

/*
 * Histories as Temporal's own tools write them (proto3 JSON).
 *
 * The SDK's historyToJSON and historyFromJSON do this too, but only where npm installs a single protobufjs: with one
 * copy for each Temporal package they refuse each other's types. So the copy that the types came from is asked.
 */

interface ProtoJson {
  readonly toJson: (type: unknown, message: unknown) => HistoryJson;
  readonly fromJson: (type: unknown, json: unknown) => History;
}
interface Proto {
  temporal: { api: { history: { v1: { History: { fromObject(history: History): unknown } } } } };
  lookupType(name: string): unknown;
}

const here = createRequire(import.meta.url);
const ofTemporal = createRequire(here.resolve('@temporalio/common'));
const protoPath = ofTemporal.resolve('@temporalio/proto');
const { toJson, fromJson }: ProtoJson = createRequire(protoPath)('protobufjs/ext/protojson');
const proto: Proto = ofTemporal('@temporalio/proto');
const type = proto.lookupType('temporal.api.history.v1.History');

export interface HistoryJson {
  readonly events: readonly Record<string, unknown>[];
}

export const historyToJson = (history: History): HistoryJson =>
  toJson(type, proto.temporal.api.history.v1.History.fromObject(history));

export const historyFromJson = (json: HistoryJson): History => fromJson(type, json);
