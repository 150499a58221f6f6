import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheFolder } from '../../local/binaries.js';
import { chooseEndpoints } from '../../local/endpoints.js';
import { FolderInUseError, lockFolder } from '../../local/folder-lock.js';
import { ensureKeys, ROLES } from '../../local/keys.js';
import { identityOf } from '../../local/process-identity.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a data folder', () => {
  const lock = () => join(folder, 'stack.lock');

  test('refuses a second stack with a sentence that names the first', () => {
    const release = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(FolderInUseError);
    expect(() => lockFolder(folder)).toThrow(`is in use by process ${process.pid}`);
    release();
    lockFolder(folder)();
    expect(existsSync(lock())).toBe(false);
  });

  test('of a dead process is taken over', () => {
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    writeFileSync(lock(), JSON.stringify({ pid: dead, started: 'long ago' }));
    lockFolder(folder)();
  });

  test('of a dead process whose number was given to another one is taken over', () => {
    writeFileSync(lock(), JSON.stringify({ ...identityOf(process.pid), started: 'another boot/1' }));
    lockFolder(folder)();
  });

  test('of a process that lives is kept, and a torn one is not', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(lock(), JSON.stringify(identityOf(Number(holder.pid))));
    expect(() => lockFolder(folder)).toThrow(FolderInUseError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    writeFileSync(lock(), '{"pid": 1');
    lockFolder(folder)();
  });
});

describe('endpoints', () => {
  const say = (line: string) => void said.push(line);
  let said: string[] = [];
  beforeEach(() => {
    said = [];
  });

  test('stay from one start to the next', async () => {
    const first = await chooseEndpoints(folder, {}, say);
    expect(await chooseEndpoints(folder, {}, say)).toEqual(first);
    expect(statSync(join(folder, 'endpoints.json')).mode & 0o777).toBe(0o600);
  });

  test('that somebody else has taken meanwhile move, and that is said; one that was asked for is refused', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const first = await chooseEndpoints(folder, {}, say);
    writeFileSync(join(folder, 'endpoints.json'), JSON.stringify({ ...first, temporalUi: port }));
    expect((await chooseEndpoints(folder, {}, say)).temporalUi).not.toBe(port);
    expect(said).toEqual([`Port ${port}, which the temporalUi had before, is taken; its links change.`]);
    await expect(chooseEndpoints(folder, { api: port }, say)).rejects.toThrow('set PATCHTIDE_PORT to another one');
    squatter.close();
  });
});

test('each role has its own key, made once and readable by its owner only', () => {
  const keys = ensureKeys(folder);
  expect(new Set(ROLES.map((role) => keys[role])).size).toBe(4);
  expect(ensureKeys(folder)).toEqual(keys);
  expect(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'))).toEqual(keys);
  expect(statSync(join(folder, 'keys.json')).mode & 0o777).toBe(0o600);
});

test('what is fetched is kept where the system keeps such things', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/caches' }, 'linux')).toBe('/caches/patchtide');
  expect(cacheFolder({ LOCALAPPDATA: '/app-data' }, 'win32')).toBe('/app-data/patchtide');
  expect(cacheFolder({}, 'darwin')).toMatch(/Library\/Caches\/patchtide$/);
});
