import type { History } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';

/** What one workflow did. Its id counts: those of its children are made of it. */
export interface HistoryOf {
  readonly workflowId: string;
  readonly history: History;
}

/** Replays histories with the workflows of a bundle; the ones in which these would decide differently, and why. */
export async function notReplayed(
  histories: readonly HistoryOf[],
  bundle: { readonly code: string },
): Promise<{ workflowId: string; why: string }[]> {
  const results = Worker.runReplayHistories(
    {
      workflowBundle: bundle,
      dataConverter: {
        payloadConverterPath: new URL('../../workflows/payload-converter.ts', import.meta.url).pathname,
      },
    },
    histories,
  );
  const broken: { workflowId: string; why: string }[] = [];
  for await (const { workflowId, error } of results) if (error) broken.push({ workflowId, why: error.message });
  return broken;
}
