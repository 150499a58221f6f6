import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Fleet, Records } from '../../activities/ports.js';
import type { Instant, Location } from '../../domain/ids.js';
import type { PlainNode } from './workflows.js';

export type PlainActivities = ReturnType<typeof createPlainActivities>;

/** Polls at the pace of our own watch: soon at first, ever less often later. */
const POLL = { least: 500, most: 120_000, share: 0.15 };
const HOUR = 3600;

/** The steps of one node, each waiting for its own end. */
export function createPlainActivities({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
  async function until(isDone: () => Promise<boolean>): Promise<void> {
    const { cancellationSignal, heartbeat } = Context.current();
    const began = Date.now();
    const beat = setInterval(() => heartbeat(), 4_000);
    try {
      while (!(await isDone()))
        await pause(Math.min(POLL.most, Math.max(POLL.least, (Date.now() - began) * POLL.share)), undefined, {
          signal: cancellationSignal,
        });
    } finally {
      clearInterval(beat);
    }
  }

  async function command(
    { at, node }: PlainNode,
    step: string,
    document: string,
    parameters: Readonly<Record<string, readonly string[]>>,
  ): Promise<void> {
    const { cancellationSignal } = Context.current();
    const request = { key: `plain/${node}/${step}`, document, parameters, nodes: [node], executionTimeout: HOUR };
    const { commandId } = await fleet.sendCommand(at, request, cancellationSignal);
    await until(async () => {
      const [invocation] = await fleet.listInvocations(at, commandId, cancellationSignal);
      return invocation !== undefined && invocation.status !== 'running';
    });
  }

  return {
    async findAll(input: {
      readonly locations: readonly Location[];
      readonly tags: Readonly<Record<string, string>>;
      readonly most: number;
    }): Promise<PlainNode[]> {
      const { cancellationSignal } = Context.current();
      const found: PlainNode[] = [];
      for (const at of input.locations)
        for (const { id } of await fleet.findNodes(at, input.tags, cancellationSignal)) found.push({ at, node: id });
      return found.slice(0, input.most);
    },
    check: (node: PlainNode) => command(node, 'check', 'Bench-Stop', {}),
    async snapshot({ at, node }: PlainNode): Promise<void> {
      const { cancellationSignal } = Context.current();
      const key = `plain/${node}/snapshot`;
      await fleet.createSnapshots(at, { key, node, tags: {} }, cancellationSignal);
      await until(async () => {
        const snapshots = await fleet.findSnapshots(at, key, cancellationSignal);
        return snapshots.length > 0 && snapshots.every(({ status }) => status !== 'pending');
      });
    },
    task: (node: PlainNode, document: string) => command(node, document, document, {}),
    install: (node: PlainNode) =>
      command(node, 'install', 'AWS-RunPatchBaseline', { Operation: ['Install'], RebootOption: ['RebootIfNeeded'] }),
    async agentBack({ at, node }: PlainNode): Promise<void> {
      const { cancellationSignal } = Context.current();
      await until(async () => (await fleet.onlineNodes(at, [node], cancellationSignal)).length > 0);
    },
    scan: (node: PlainNode) => command(node, 'scan', 'AWS-RunPatchBaseline', { Operation: ['Scan'] }),
    async record({ at, node }: PlainNode): Promise<void> {
      const { cancellationSignal } = Context.current();
      const [state] = await fleet.patchStates(at, [node], cancellationSignal);
      if (!state) throw new Error(`${node} was not scanned.`);
      const patches = await fleet.patches(at, node, cancellationSignal);
      await records.saveScans([{ at, state, patches }], new Date().toISOString() as Instant);
    },
  };
}
