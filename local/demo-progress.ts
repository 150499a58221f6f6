import { z } from 'zod';

/** What the demo reads of a cycle (`GET /v1/cycles/{id}`). */
export const cycleSchema = z.object({
  id: z.string(),
  workflowId: z.string(),
  status: z.string(),
  message: z.string().nullable(),
  waitingFor: z
    .object({ kind: z.string(), stage: z.string(), manifest: z.string().nullable(), message: z.string() })
    .nullable(),
  stages: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      locations: z.array(
        z.object({
          account: z.string(),
          region: z.string(),
          waves: z.array(
            z.object({
              zone: z.string(),
              zoneName: z.string().nullable(),
              status: z.string(),
              nodes: z.object({ total: z.number(), patched: z.number(), failed: z.number() }),
            }),
          ),
        }),
      ),
    }),
  ),
  links: z.object({ temporalUi: z.string().nullable() }),
});
export type Cycle = z.infer<typeof cycleSchema>;

export interface Progress {
  show(cycle: Cycle): void;
  /** A line that stays. */
  say(line: string): void;
}

/** A table that stays in its place on a terminal, and a line for each change everywhere else. */
export const progressOn = (output: NodeJS.WriteStream): Progress => (output.isTTY ? live(output) : lines(output));

function live(output: NodeJS.WriteStream): Progress {
  let height = 0;
  const began = Date.now();
  return {
    show: (cycle) => {
      const rows = [...statesOf(cycle).values(), '', waitingText(cycle) ?? `${elapsed(began)} ${cycle.status}`];
      const text = rows.map((row) => row.slice(0, (output.columns || 100) - 1)).join('\n');
      output.write(`${height > 0 ? `\u001b[${height}A` : ''}\u001b[0J${text}\n`);
      height = rows.length;
    },
    say: (line) => {
      output.write(`${height > 0 ? `\u001b[${height}A` : ''}\u001b[0J${line}\n`);
      height = 0;
    },
  };
}

function lines(output: NodeJS.WriteStream): Progress {
  let before = new Map<string, string>();
  const began = Date.now();
  return {
    show: (cycle) => {
      const now = statesOf(cycle);
      const waiting = waitingText(cycle);
      if (waiting) now.set('waiting', waiting);
      for (const [what, state] of now) if (before.get(what) !== state) output.write(`${elapsed(began)} ${state}\n`);
      before = now;
    },
    say: (line) => output.write(`${line}\n`),
  };
}

/** A line for each stage, and one for each wave of a stage that patches, by what it is about. */
export function statesOf({ stages }: Cycle): Map<string, string> {
  const states = new Map<string, string>();
  for (const stage of stages) {
    const waves = stage.locations.flatMap(({ account, region, waves: all }) =>
      all.map((wave) => ({ ...wave, place: `${account} ${region} ${wave.zoneName ?? wave.zone}` })),
    );
    const [total, patched, failed] = (['total', 'patched', 'failed'] as const).map((what) =>
      waves.reduce((sum, { nodes }) => sum + nodes[what], 0),
    );
    const counts = waves.length > 0 ? `  ${patched} of ${total} patched${failed ? `, ${failed} failed` : ''}` : '';
    states.set(stage.name, `${stage.name.padEnd(8)} ${stage.status}${counts}`);
    if (stage.status !== 'patching') continue;
    for (const { place, status, nodes } of waves)
      states.set(
        `${stage.name} ${place}`,
        `  ${place.padEnd(40)} ${status}  ${nodes.patched} of ${nodes.total}${nodes.failed ? `, ${nodes.failed} failed` : ''}`,
      );
  }
  return states;
}

const waitingText = ({ waitingFor }: Cycle): string | null =>
  waitingFor && `waits for ${waitingFor.kind} (${waitingFor.stage}): ${waitingFor.message}`;

const elapsed = (began: number): string => {
  const seconds = Math.floor((Date.now() - began) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
};
