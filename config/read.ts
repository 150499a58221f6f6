import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Code `bad-configuration`: the environment cannot be used. The message has a line per fault, each with an example. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'bad-configuration';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/**
 * What is true of the environment, all faults at once. An empty variable is one that is not set, as shells and compose
 * files write it.
 * @param known the names that start with PATCHTIDE_; any other such name is a slip of the pen, and refused
 * @throws ConfigurationError
 */
export function readEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
  known: readonly string[],
): z.output<Schema> {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(set);
  const faults = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
    ...unknownNames(Object.keys(set), known),
  ];
  if (faults.length > 0 || !parsed.success) throw new ConfigurationError(faults);
  return parsed.data;
}

/**
 * Reads all of them, so that all faults are told at once.
 * @throws ConfigurationError with the faults of all
 */
export function all<Results extends unknown[]>(...reads: { [Index in keyof Results]: () => Results[Index] }): Results {
  const faults: string[] = [];
  const results = reads.map((read) => {
    try {
      return read();
    } catch (failure) {
      if (!(failure instanceof ConfigurationError)) throw failure;
      faults.push(...failure.faults);
      return undefined;
    }
  });
  if (faults.length > 0) throw new ConfigurationError(faults);
  return results as Results;
}

function unknownNames(names: readonly string[], known: readonly string[]): string[] {
  return names
    .filter((name) => name.startsWith('PATCHTIDE_') && !name.startsWith('PATCHTIDE_TEST_') && !known.includes(name))
    .map((name) => {
      const meant = closest(name, [...known]);
      const hint = distance(name, meant) <= 4 ? `; did you mean ${meant}?` : '; unset it';
      return `${name}: there is no such variable${hint}`;
    });
}
