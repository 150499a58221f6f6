import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectionFor } from '../../cli/connection.js';
import { patchtide } from './terminal.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-cli-'));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ viewer: 'key-of-viewer', operator: 'key-of-operator' }));
  writeFileSync(join(folder, 'endpoints.json'), JSON.stringify({ api: 23456, temporal: 1 }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('The API and the key', () => {
  test('are those of the options, before those of the environment', () => {
    const environment = { PATCHTIDE_URL: 'https://there.example/', PATCHTIDE_API_KEY: 'theirs' };
    expect(connectionFor('viewer', {}, environment)).toEqual({
      url: 'https://there.example',
      key: 'theirs',
      chosen: null,
    });
    expect(connectionFor('viewer', { url: 'http://here.example', apiKey: 'mine' }, environment)).toMatchObject({
      url: 'http://here.example',
      key: 'mine',
    });
  });

  test('are those of the stack on this machine for the role, where neither is given', () => {
    expect(connectionFor('operator', {}, { PATCHTIDE_DATA: folder })).toEqual({
      url: 'http://127.0.0.1:23456',
      key: 'key-of-operator',
      chosen: `as operator, by ${join(folder, 'keys.json')}`,
    });
  });

  test('never send a key of that stack to an address that was given', () => {
    const environment = { PATCHTIDE_DATA: folder, PATCHTIDE_URL: 'https://elsewhere.example' };
    expect(() => connectionFor('viewer', {}, environment)).toThrow(
      'There is no API key for https://elsewhere.example.',
    );
  });

  test.each(['nonsense', 'ftp://there.example'])('may not be at %s: 64', async (url) => {
    const { code, stderr } = await patchtide(['cycle', 'list', '--url', url, '--api-key', 'mine']);
    expect([code, stderr]).toEqual([64, expect.stringContaining('is not an address')]);
  });

  test('that are missing end a command with 4, and say what to do', async () => {
    const environment = { PATCHTIDE_DATA: join(folder, 'nothing') };
    const { code, stderr } = await patchtide(['cycle', 'list'], { environment });
    expect([code, stderr]).toEqual([4, expect.stringContaining('Set PATCHTIDE_URL and PATCHTIDE_API_KEY')]);
  });

  test('where nobody answers, are tried for a while, and then 1', async () => {
    // Port 9 (discard) is not served by anything; fetch refuses it without asking.
    const { code, stderr } = await patchtide(['cycle', 'list', '--url', 'http://127.0.0.1:9', '--api-key', 'mine']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('See that the API runs')]);
    expect(stderr.match(/Trying again/g)).toHaveLength(4);
  });
});
