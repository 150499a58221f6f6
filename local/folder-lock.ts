import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.js';

/** Code `folder-in-use`: another stack runs on the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly code = 'folder-in-use';
  readonly holder: number;
  constructor(folder: string, holder: number) {
    super(`${folder} is in use by process ${holder}: end that one, or set PATCHTIDE_DATA to another folder.`);
    this.holder = holder;
  }
}

/**
 * Takes the lock of a data folder for this process, creating the folder where it is missing; the lock of a process that
 * is dead is taken over. Answers with what releases it.
 * @throws FolderInUseError
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, 'stack.lock');
  const own = identityOf(process.pid);
  const mark = `${lock}.${process.pid}`;
  writeFileSync(mark, JSON.stringify(own));
  try {
    while (!linked(mark, lock)) {
      const holder = readHolder(lock);
      if (holder !== null && isRunning(holder)) throw new FolderInUseError(folder, holder.pid);
      putAside(lock);
    }
  } finally {
    rmSync(mark, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

/** A link appears whole or not at all, and only where there is none: whoever links first has the lock. */
function linked(mark: string, lock: string): boolean {
  try {
    linkSync(mark, lock);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failure;
  }
}

/** Removes a dead lock; one that turns out to be alive, since another process took over in between, is put back. */
function putAside(lock: string): void {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const holder = readHolder(aside);
  if (holder !== null && isRunning(holder)) linked(aside, lock);
  rmSync(aside, { force: true });
}

function readHolder(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
