import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { account, maintenanceWindow, plan } from '../api/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();
const THREE = [plan(), maintenanceWindow('default'), account('shop-production')]
  .map((document) => stringify(document))
  .join('---\n');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('apply', () => {
  test('writes the documents of a file, plans last, and says what became of each', async () => {
    const { code, stdout } = await service.as('admin', ['apply', '-f', fileOf('three.yaml', THREE)]);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'Account shop-production: version 1, new',
      'MaintenanceWindow default: version 1, new',
      'PatchPlan storefront: version 1, new',
      '',
    ]);
  });

  test('takes several files, JSON too, and the standard input', async () => {
    const json = fileOf('window.json', JSON.stringify(maintenanceWindow('night')));
    const given = { input: stringify(account('shop-europe')) };
    const { code, stdout } = await service.as('admin', ['apply', '-f', json, '-f', '-', '--json'], given);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'Account', name: 'shop-europe', version: 1, changed: true },
      { kind: 'MaintenanceWindow', name: 'night', version: 1 },
    ]);
  });

  test('of what is there already makes no version', async () => {
    const file = fileOf('again.yaml', THREE);
    await service.as('admin', ['apply', '-f', file]);
    expect((await service.as('admin', ['apply', '-f', file])).stdout).toContain(
      'PatchPlan storefront: version 1, as it was',
    );
  });

  test('shows each fault with its path, what was expected, the spelling that was meant, the code and what to do next', async () => {
    const bad = stringify(plan('storefront', { stages: [{ name: 'dev', soack: 'PT5S' }, 'prod'] }));
    const { code, stdout, stderr } = await service.as('admin', ['apply', '-f', '-'], { input: bad });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('PatchPlan storefront (standard input, line 1) was refused.');
    expect(stderr).toContain('The request is not as it should be');
    expect(stderr).toMatch(/spec\.stages\[0\]\.soack: /);
    expect(stderr).toMatch(/expected {2}/);
    expect(stderr).toMatch(/meant {5}.*soak/);
    expect(stderr).toContain('invalid-input, 400');
    expect(stderr).toContain('Correct the fields');
  });

  test('that is refused sends nothing after it, and says so', async () => {
    const input = [stringify(account('shop-production', '12')), stringify(plan())].join('---\n');
    const { code, stderr } = await service.as('admin', ['apply', '-f', '-'], { input });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Account shop-production (standard input, line 1) was refused; 1 document after it not sent.',
    );
    expect((await service.get('/v1/plans')).json().items).toEqual([]);
  });

  test.each([
    ['what is no YAML', 'a: [', /standard input, line 1: /],
    ['an unknown kind', 'kind: Plan\nmetadata: { name: a }', /line 1: "Plan" is not a kind\./],
    ['a document without a name', 'kind: PatchPlan\nspec: {}', /line 1: this PatchPlan has no name\./],
    ['nothing', '# nothing\n', /There is no document in -\./],
  ])('of %s is refused here', async (_what, input, words) => {
    const { code, stderr } = await service.as('admin', ['apply', '-f', '-'], { input });
    expect(code).toBe(1);
    expect(stderr).toMatch(words);
  });

  test('takes a role that may: 4', async () => {
    const { code, stderr } = await service.as('operator', ['apply', '-f', '-'], { input: stringify(plan()) });
    expect(code).toBe(4);
    expect(stderr).toContain('This takes the role admin, and operator has the role operator.');
  });
});

describe('get', () => {
  test('of one answers with what was applied', async () => {
    await service.as('admin', ['apply', '-f', '-'], { input: THREE });
    const { stdout } = await service.as('viewer', ['get', 'plan', 'storefront']);
    expect(parse(stdout)).toEqual(plan());
    const json = await service.as('viewer', ['get', 'PatchPlan', 'storefront', '-o', 'json']);
    expect(JSON.parse(json.stdout)).toEqual(plan());
  });

  test('of a plan with its defaults writes them out', async () => {
    await service.as('admin', ['apply', '-f', '-'], { input: THREE });
    const { stdout } = await service.as('viewer', ['get', 'plan', 'storefront', '--defaults']);
    expect(parse(stdout).spec.stages[2]).toMatchObject({ name: 'prod', approval: { quorum: 1 } });
  });

  test('of a kind is a table', async () => {
    await service.as('admin', ['apply', '-f', '-'], { input: THREE });
    const { stdout } = await service.as('viewer', ['get', 'windows']);
    expect(stdout).toMatch(/^NAME +VERSION +WRITTEN +BY\ndefault +1 .* admin\n$/);
  });

  test('reads all pages', async () => {
    for (const name of ['a', 'b', 'c']) await service.put(`/v1/windows/${name}`, maintenanceWindow(name));
    const { stdout } = await service.as('viewer', ['get', 'windows', '-o', 'yaml']);
    expect(stdout.match(/^ {2}name: /gm)).toHaveLength(3);
  });

  test('of what there is not ends with 1, of what is no kind with 64', async () => {
    const absent = await service.as('viewer', ['get', 'plan', 'nothing']);
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('There is no PatchPlan nothing.')]);
    const noKind = await service.as('viewer', ['get', 'plants']);
    expect([noKind.code, noKind.stderr]).toEqual([64, expect.stringContaining('Kinds are accounts, windows')]);
  });
});

describe('diff', () => {
  const diff = (input: string, ...more: string[]) => service.as('viewer', ['diff', '-f', '-', ...more], { input });

  test('finds no difference in what was applied', async () => {
    await service.as('admin', ['apply', '-f', '-'], { input: THREE });
    const { code, stdout } = await diff(THREE);
    expect(code).toBe(0);
    expect(stdout).toContain('PatchPlan storefront: the same');
  });

  test('tells each field that apply would change, and ends with 1', async () => {
    await service.put('/v1/windows/default', maintenanceWindow('default'));
    const { code, stdout } = await diff(
      stringify(maintenanceWindow('default', { duration: 'PT6H', cutoff: undefined })),
    );
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'MaintenanceWindow default: 2 fields differ',
      '  spec.duration',
      '    - PT5H',
      '    + PT6H',
      '  spec.cutoff',
      '    - PT1H',
      '',
    ]);
  });

  test('tells what is new', async () => {
    const { code, stdout } = await diff(THREE, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual({ kind: 'PatchPlan', name: 'storefront', new: true, differences: [] });
  });
});
