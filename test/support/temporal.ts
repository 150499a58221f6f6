import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { temporalCli, temporalTestServer } from '../../local/binaries.js';
import { bundleWorkflows } from '../../worker/bundle.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.js';

const root = new URL('../../', import.meta.url);

/**
 * Temporal with a clock that skips ahead while nothing but timers is awaited: thirty days pass in a moment. The clock is
 * the server's, so one test at a time; a test file has its own server. Call `teardown()` in afterAll.
 */
export async function timeSkippingTemporal(): Promise<TestWorkflowEnvironment> {
  quiet();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await temporalTestServer() } },
  });
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  await environment.sleep(untilNoon(await environment.currentTimeMs()));
  return environment;
}

/** Tests begin at noon UTC, so that none depends on the hour at which it is run. */
const untilNoon = (now: number): number => (2.5 * DAY - (now % DAY)) % DAY;
const DAY = 86_400_000;

/** Temporal's ordinary server, with the clock of the wall, for what the time-skipping one does in a way of its own. */
export async function ordinaryTemporal(): Promise<TestWorkflowEnvironment> {
  quiet();
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalCli() },
      searchAttributes: SEARCH_ATTRIBUTES.map((name) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD)),
    },
  });
}

/** The workflows as workers run them, bundled once for each state of their sources. */
export async function testBundle(): Promise<{ code: string }> {
  // Coverage is read against the very text that ran, so it takes a folder of its own.
  const folder = process.env.PATCHTIDE_TEST_BUNDLES || join(tmpdir(), 'patchtide-test-bundles');
  const cached = join(folder, `${fingerprint(['workflows', 'domain', 'activities', 'worker'])}.js`);
  quiet();
  try {
    return { code: await readFile(cached, 'utf8') };
  } catch {
    const code = await bundleWorkflows(root);
    await mkdir(folder, { recursive: true });
    const unfinished = `${cached}.${process.pid}`;
    await writeFile(unfinished, code);
    await rename(unfinished, cached);
    return { code };
  }
}

/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;

let silenced = false;
/** The SDK logs to standard error by default; a test's output is its titles. */
function quiet(): void {
  if (silenced) return;
  silenced = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'error' } } });
}

function fingerprint(folders: readonly string[]): string {
  const hash = createHash('sha256').update(readFileSync(new URL('package-lock.json', root)));
  for (const folder of folders) {
    const path = fileURLToPath(new URL(folder, root));
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(path, file)));
  }
  return hash.digest('hex').slice(0, 32);
}
