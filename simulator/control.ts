import { z } from 'zod';
import { patchInput } from './description.js';
import { faultInput } from './faults.js';
import { advance } from './fleet/events.js';
import { type Fleet, placeOf } from './fleet/fleet.js';
import { interrupt } from './fleet/invocations.js';
import { OPERATING_SYSTEMS } from './fleet/model.js';
import { beginStateChange } from './fleet/reboots.js';
import type { CallCounts } from './http/counts.js';
import type { Reply } from './http/replies.js';
import type { HttpRequest } from './http/request.js';

type Route = (fleet: Fleet, request: HttpRequest, counts: CallCounts) => unknown;

const clockInput = z.strictObject({ speed: z.number().positive() });
const withdrawal = z.strictObject({ os: z.enum(OPERATING_SYSTEMS), id: z.string(), version: z.string().optional() });
/** A tag of null is taken off. */
const nodeChange = z.strictObject({
  node: z.string(),
  tags: z.record(z.string(), z.string().nullable()).optional(),
  state: z.enum(['running', 'stopped', 'terminated']).optional(),
});

const ROUTES: Record<string, Route> = {
  'GET /_fleet': (fleet) => ({ nodes: fleet.nodes.size, speed: fleet.clock.speed, began: new Date(fleet.began) }),
  'GET /_fleet/ledger': (fleet, { query }) => {
    const [after, kind, node] = [query.get('after'), query.get('kind'), query.get('node')];
    return fleet.ledger.read({
      ...(after ? { after: Number(after) } : {}),
      ...(kind ? { kind } : {}),
      ...(node ? { node } : {}),
    });
  },
  'GET /_fleet/nodes': (fleet) => [...fleet.nodes.values()],
  'GET /_fleet/calls': (_fleet, _request, counts) => counts.list(),
  'GET /_fleet/patches': (fleet) => [...fleet.catalogue.all()],
  'GET /_fleet/faults': (fleet) => fleet.faults.list(),
  'POST /_fleet/faults': (fleet, request) => {
    const input = faultInput.parse(bodyOf(request));
    return fleet.faults.add(input, String(fleet.next('fault')));
  },
  'DELETE /_fleet/faults': (fleet, { query }) => {
    const id = query.get('id');
    if (id) fleet.faults.remove(id);
    else fleet.faults.clear();
    return fleet.faults.list();
  },
  'POST /_fleet/clock': (fleet, request) => {
    const { speed } = clockInput.parse(bodyOf(request));
    fleet.setSpeed(speed);
    advance(fleet);
    return { speed };
  },
  'POST /_fleet/patches': (fleet, request) => {
    const patch = fleet.catalogue.add(patchInput.parse(bodyOf(request)), fleet.clock.wall());
    fleet.ledger.record(fleet.clock.wall(), 'patch-released', { patch: patch.title, os: patch.os });
    return patch;
  },
  'POST /_fleet/patches/withdraw': (fleet, request) => {
    const { os, id, version } = withdrawal.parse(bodyOf(request));
    const gone = fleet.catalogue.withdraw(os, id, version, fleet.clock.wall());
    for (const patch of gone) fleet.ledger.record(fleet.clock.wall(), 'patch-withdrawn', { patch: patch.title, os });
    return gone;
  },
  'POST /_fleet/nodes': (fleet, request) => changeNode(fleet, nodeChange.parse(bodyOf(request))),
};

/** The fleet's own interface under `/_fleet`: what happened, what is there, and what is to go wrong. */
export function handleControl(fleet: Fleet, counts: CallCounts, request: HttpRequest): Reply {
  const application = /^\/_fleet\/health\/([^/]+)$/.exec(request.path)?.[1];
  if (application) return applicationHealth(fleet, decodeURIComponent(application));
  const route = ROUTES[`${request.method} ${request.path.replace(/\/$/, '')}`];
  if (!route)
    return json(404, { error: `There is no ${request.method} ${request.path}.`, routes: Object.keys(ROUTES) });
  try {
    return json(200, route(fleet, request, counts));
  } catch (error) {
    return json(400, { error: error instanceof z.ZodError ? z.prettifyError(error) : String(error) });
  }
}

/** What an application's own health address would say: 200, or 503 by fault; 404 where no node belongs to it. */
function applicationHealth(fleet: Fleet, application: string): Reply {
  const nodes = [...fleet.nodes.values()].filter((node) => node.tags.Application === application);
  if (nodes.length === 0) return json(404, { error: `No node has the tag Application: ${application}.` });
  const everywhere = { account: '', region: '', application };
  const healthy = fleet.faults.strike(['health-fails'], everywhere) === undefined;
  const up = nodes.filter((node) => node.state === 'running' && node.agentOnline).length;
  return json(healthy ? 200 : 503, { application, healthy, nodes: nodes.length, up });
}

function changeNode(fleet: Fleet, { node: id, tags, state }: z.output<typeof nodeChange>): unknown {
  const node = fleet.nodes.get(id) ?? [...fleet.nodes.values()].find((each) => each.name === id);
  if (!node) throw new Error(`There is no node ${id}.`);
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (value === null) delete node.tags[key];
    else node.tags[key] = value;
  }
  if (tags) {
    fleet.nodes.put(node.id, node);
    fleet.ledger.record(fleet.clock.wall(), 'tags-changed', { ...placeOf(node), tags });
  }
  if (state && state !== node.state) {
    if (state !== 'running') interrupt(fleet, node, fleet.clock.fleet());
    beginStateChange(fleet, node, state, fleet.clock.fleet());
  }
  return node;
}

function bodyOf(request: HttpRequest): unknown {
  return JSON.parse(request.text === '' ? '{}' : request.text);
}

const json = (status: number, body: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: `${JSON.stringify(body)}\n`,
});
