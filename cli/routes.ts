import { z } from 'zod';
import { page, pageQuery, planName, stageName } from '../api/schemas/common.js';
import {
  answerBody,
  answered,
  cycle,
  cycleNode,
  cyclePage,
  cycleStatus,
  decided,
  decisionBody,
  nodeOutcome,
  rollbackBody,
  startCycleBody,
  startedCycle,
  startedRollback,
  steered,
  steeringBody,
} from '../api/schemas/cycles.js';
import { doctorBody, doctorReport } from '../api/schemas/doctor.js';
import { document, documentPage, writtenDocument } from '../api/schemas/documents.js';
import { haltBody, haltTold } from '../api/schemas/halt.js';
import { importBody, imported } from '../api/schemas/import.js';
import { fleetNode, nodesQuery, readmitted } from '../api/schemas/nodes.js';
import { preview } from '../api/schemas/plans.js';
import { manifest, patchSet, report } from '../api/schemas/records.js';

/* Every route that the command line calls, with the API's own schemas. A test holds this table against the API's OpenAPI. */

/** Whose key is taken where a stack on this machine has one for each role. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Route<
  Answer extends z.ZodType = z.ZodType,
  Body extends z.ZodType | null = z.ZodType | null,
  Query extends z.ZodObject | null = z.ZodObject | null,
> {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly role: Role;
  readonly answer: Answer;
  /** Null: none. `unknown`: a document, which the API alone reads. */
  readonly body: Body;
  readonly query: Query;
}

const route = <Answer extends z.ZodType, Body extends z.ZodType | null, Query extends z.ZodObject | null>(
  method: Route['method'],
  path: string,
  role: Role,
  answer: Answer,
  body: Body,
  query: Query,
): Route<Answer, Body, Query> => ({ method, path, role, answer, body, query });

const read = <Answer extends z.ZodType>(path: string, answer: Answer) =>
  route('GET', path, 'viewer', answer, null, null);
const paged = <Answer extends z.ZodType, Filter extends z.ZodRawShape>(path: string, answer: Answer, filter: Filter) =>
  route('GET', path, 'viewer', answer, null, z.strictObject({ ...filter, ...pageQuery }));
const steer = (path: string) => route('POST', path, 'operator', steered, steeringBody, null);

const collection = <Path extends string>(name: Path) => ({
  list: paged(`/v1/${name}`, documentPage, {}),
  one: route(
    'GET',
    `/v1/${name}/{name}`,
    'viewer',
    document,
    null,
    z.strictObject({ expand: z.enum(['defaults']).optional() }),
  ),
  write: route('PUT', `/v1/${name}/{name}`, 'admin', writtenDocument, z.unknown(), null),
});

export const ROUTES = {
  accounts: collection('accounts'),
  windows: collection('windows'),
  baselines: collection('baselines'),
  plans: collection('plans'),
  preview: route('POST', '/v1/plans/{name}/preview', 'viewer', preview, null, null),
  startCycle: route('POST', '/v1/cycles', 'operator', startedCycle, startCycleBody, null),
  cycles: paged('/v1/cycles', cyclePage, { plan: planName.optional(), status: cycleStatus.optional() }),
  cycle: read('/v1/cycles/{id}', cycle),
  nodes: paged('/v1/cycles/{id}/nodes', page(cycleNode), {
    stage: stageName.optional(),
    outcome: nodeOutcome.optional(),
  }),
  fleetNodes: paged('/v1/nodes', page(fleetNode), nodesQuery.shape),
  readmit: route('POST', '/v1/nodes/{id}/readmit', 'operator', readmitted, steeringBody, null),
  events: read('/v1/cycles/{id}/events', z.string()),
  report: read('/v1/cycles/{id}/report', report),
  answer: route('POST', '/v1/cycles/{id}/answer', 'operator', answered, answerBody, null),
  pause: steer('/v1/cycles/{id}/pause'),
  resume: steer('/v1/cycles/{id}/resume'),
  cancel: steer('/v1/cycles/{id}/cancel'),
  rollBack: route('POST', '/v1/cycles/{id}/rollback', 'operator', startedRollback, rollbackBody, null),
  decide: route('POST', '/v1/cycles/{id}/stages/{stage}/decision', 'approver', decided, decisionBody, null),
  halt: route('POST', '/v1/halt', 'operator', haltTold, haltBody, null),
  unhalt: route('POST', '/v1/unhalt', 'operator', haltTold, haltBody, null),
  manifest: read('/v1/manifests/{digest}', manifest),
  patchSet: read('/v1/patch-sets/{digest}', patchSet),
  doctor: route('POST', '/v1/doctor', 'operator', doctorReport, doctorBody, null),
  import: route('POST', '/v1/import', 'admin', imported, importBody, null),
} as const;

/** The address of a route, its parameters filled in. */
export const addressOf = (path: string, parameters: Readonly<Record<string, string>>): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
