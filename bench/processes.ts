import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The most memory it has had resident at once, in bytes; null where the system does not say. */
  readonly peakMemory: number | null;
}

/** Linux counts processor time in hundredths of a second (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** What a process and its children have used, from Linux' /proc; null elsewhere, or where it has ended. */
export function usageOf(pid: number): Usage | null {
  const own = read(`/proc/${pid}/stat`);
  if (own === null) return null;
  const children = childrenOf(pid).flatMap((child) => usageOf(child) ?? []);
  const high = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return {
    cpuSeconds: cpuSeconds(own) + children.reduce((sum, child) => sum + child.cpuSeconds, 0),
    peakMemory: high === undefined ? null : Number(high) * 1024,
  };
}

/** The fields after the name, which may itself contain blanks and brackets. utime and stime, and those of ended children. */
function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
};

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
