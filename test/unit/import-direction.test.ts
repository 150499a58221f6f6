import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** [file, what it imports, as a type only] */
type Import = readonly [file: string, from: string, typeOnly?: boolean];

const refused: readonly Import[] = [
  ['domain/a.ts', '../config/index.js'],
  ['domain/documents/b.ts', '../../activities/ports.js', true],
  ['domain/c.ts', '@aws-sdk/client-ssm'],
  ['domain/d.ts', 'node:fs'],
  ['domain/e.ts', '@temporalio/workflow'],
  ['workflows/a.ts', '../activities/steps.js'],
  ['workflows/b.ts', '../store/index.js', true],
  ['workflows/c.ts', 'zod'],
  ['workflows/d.ts', '@temporalio/client'],
  ['workflows/e.ts', 'node:crypto'],
  ['activities/a.ts', '../aws/index.js'],
  ['activities/b.ts', '../store/index.js', true],
  ['activities/c.ts', '@aws-sdk/client-ec2'],
  ['activities/d.ts', 'kysely'],
  ['aws/a.ts', '../activities/steps.js'],
  ['aws/b.ts', '../store/index.js'],
  ['store/a.ts', '../aws/index.js'],
  ['store/queries/b.ts', '../../activities/steps.js'],
  ['store/c.ts', '@aws-sdk/client-s3'],
  ['worker/a.ts', '../api/app.js'],
  ['worker/b.ts', '../workflows/patch-cycle.js'],
  ['worker/c.ts', 'pg'],
  ['api/a.ts', '../aws/index.js'],
  ['api/routes/b.ts', '../../activities/ports.js', true],
  ['api/c.ts', '../workflows/patch-cycle.js'],
  ['api/d.ts', '@aws-sdk/client-sts'],
  ['api/e.ts', 'pg'],
  ['config/a.ts', '../store/index.js'],
  ['simulator/a.ts', '../domain/ids.js', true],
  ['simulator/ssm/b.ts', '../../aws/index.js'],
  ['local/a.ts', '../api/app.js'],
  ['local/b.ts', '../worker/main.js'],
  ['chaos/a.ts', '../worker/main.js'],
  ['chaos/storm/b.ts', '../../domain/ids.js', true],
  ['web/a.ts', '../domain/ids.js', true],
  ['cli/a.ts', '../store/index.js'],
  ['cli/b.ts', '../api/app.js'],
  ['cli/c.ts', '../domain/ids.js', true],
  ['cli/commands/d.ts', '../../api/routes/cycles.js', true],
  ...['domain', 'workflows', 'activities', 'aws', 'store', 'worker', 'api', 'config', 'web', 'cli'].map(
    (folder): Import => [`${folder}/simulated.ts`, '../simulator/index.js'],
  ),
];

const allowed: readonly Import[] = [
  ['domain/ok/a.ts', '../ids.js'],
  ['domain/ok/b.ts', 'node:crypto'],
  ['workflows/ok-a.ts', '../activities/steps.js', true],
  ['workflows/ok-b.ts', '@temporalio/workflow'],
  ['workflows/ok-c.ts', '../domain/lanes.js'],
  ['activities/ok-a.ts', './ports.js'],
  ['aws/ok-a.ts', '../activities/ports.js'],
  ['aws/ok-b.ts', '@aws-sdk/client-ssm'],
  ['store/queries/ok-a.ts', '../../activities/ports.js', true],
  ['store/ok-b.ts', 'kysely'],
  ['worker/ok-a.ts', '../activities/steps.js'],
  ['worker/ok-b.ts', '../workflows/messages.js'],
  ['api/routes/ok-a.ts', '../../workflows/messages.js'],
  ['api/ok-b.ts', '../store/index.js'],
  ['simulator/ssm/ok-a.ts', '../fleet/model.js'],
  ['local/ok-a.ts', '../simulator/index.js'],
  ['cli/ok-a.ts', '../api/schemas/cycles.js'],
  ['cli/commands/ok-b.ts', '../../api/schemas/plans.js', true],
  ['chaos/sweep/ok-a.ts', '../../local/topology.js'],
  ['test/ok-a.ts', '../simulator/index.js'],
];

describe('imports run one way:', () => {
  let folder: string;
  let complaints: Set<string>;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'patchtide-imports-'));
    cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const [file, from, typeOnly] of [...refused, ...allowed]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      const source = typeOnly
        ? `import type { it } from '${from}';\nexport type That = it;\n`
        : `import { it } from '${from}';\nexport const that = it;\n`;
      writeFileSync(join(folder, file), source);
    }
    const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '-c', '.oxlintrc.json', '-f', 'unix', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const lines = stdout.split('\n').filter((line) => line.includes('no-restricted-imports'));
    complaints = new Set(lines.map((line) => line.replaceAll('\\', '/').split(':')[0] ?? ''));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(refused)('%s may not import %s', (file) => {
    expect(complaints).toContain(file);
  });
  test.each(allowed)('%s may import %s', (file) => {
    expect(complaints).not.toContain(file);
  });
});
