import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ApiClient } from '../api-client.js';
import { applyDocuments } from '../documents.js';
import { followToEnd } from '../follow.js';
import { StackProcess } from '../stack-process.js';

/* A stage that does not fit into its window, on the embedded stack and over REST: what the picture is drawn of. */

const EXAMPLES = new URL('../../../examples/', import.meta.url);
/** So slow that each act can be told apart in the picture, and so fast that a batch takes a third of a minute. */
const SPEED = '40';
/** What the window of examples/short-windows.yaml does: opens every four minutes, for two. In milliseconds. */
const EVERY = 240_000;
const OPEN = 120_000;
/** What a cycle takes from its start to its approval, and more. */
const PREPARING = 60_000;

/** Files of what was done: the fleet's ledger and nodes, and the cycle's report, in a folder of their own. */
export async function play(say: (line: string) => void): Promise<{ fleet: string; cycle: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-picture-'));
  const stack = new StackProcess(join(folder, 'stack'), {
    PATCHTIDE_FLEET: fileURLToPath(new URL('fleets/short-windows.yaml', EXAMPLES)),
    PATCHTIDE_FLEET_SPEED: SPEED,
  });
  await stack.start();
  try {
    const as = (role: keyof typeof stack.keys) => new ApiClient(stack.apiUrl, stack.keys[role]);
    const [plan] = await applyDocuments(as('admin'), new URL('short-windows.yaml', EXAMPLES));
    await beforeAWindow(say);
    const asked = { plan, reason: 'To be carried over', reference: 'CHG-1044' };
    const { id } = await as('operator').post('/v1/cycles', z.object({ id: z.string() }), asked, 'picture');
    let before = '';
    const ended = await followToEnd(id, {
      operator: as('operator'),
      approver: as('approver'),
      seen: ({ status, waitingFor }) => {
        const state = waitingFor ? `waits for ${waitingFor.kind}: ${waitingFor.message}` : status;
        if (state !== before) say(`Cycle ${id}: ${state}`);
        before = state;
      },
    });
    if (ended.status !== 'completed') throw new Error(`The cycle ended as ${ended.status}: ${ended.message}`);
    const files = { fleet: join(folder, 'fleet.json'), cycle: join(folder, 'cycle.json') };
    const [ledger, nodes] = await Promise.all(
      ['ledger', 'nodes'].map(async (what) => (await fetch(`${stack.fleetUrl}/_fleet/${what}`)).json()),
    );
    writeFileSync(files.fleet, JSON.stringify({ ledger, nodes }));
    writeFileSync(files.cycle, JSON.stringify(await as('viewer').get(`/v1/cycles/${id}/report`, z.unknown())));
    return files;
  } finally {
    await stack.stop();
    rmSync(stack.folder, { recursive: true, force: true });
  }
}

/** Until no window is open, and the next one opens only after a cycle has been prepared. */
async function beforeAWindow(say: (line: string) => void): Promise<void> {
  const into = Date.now() % EVERY;
  if (into >= OPEN && into <= EVERY - PREPARING) return;
  const wait = (OPEN - into + EVERY) % EVERY;
  say(`Waiting ${Math.round(wait / 1000)} s until the window has closed, so that the cycle gets a whole one.`);
  await delay(wait + 1_000);
}
