/** A field that differs; `undefined` where it is not there. */
export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Where two plain values differ, by field, in the order of the second one. Lists whose items all bear different names are compared
 * name by name (`spec.stages[prod].soak`), others place by place (`spec.approved[0]`).
 */
export function differences(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (isRecord(before) && isRecord(after)) return byKey(before, after, (key) => (path === '' ? key : `${path}.${key}`));
  if (!Array.isArray(before) || !Array.isArray(after)) return same(before, after) ? [] : [{ path, before, after }];
  const [named, alsoNamed] = [byName(before), byName(after)];
  const fields =
    named && alsoNamed
      ? byKey(named, alsoNamed, (name) => `${path}[${name}]`)
      : byKey(
          Object.fromEntries(before.entries()),
          Object.fromEntries(after.entries()),
          (index) => `${path}[${index}]`,
        );
  const names = [named, alsoNamed].map((each) => each && Object.keys(each).join(', '));
  return fields.length === 0 && names[0] !== names[1] ? [{ path, before: names[0], after: names[1] }] : fields;
}

const byKey = (
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  pathOf: (key: string) => string,
): readonly Difference[] =>
  [...new Set([...Object.keys(after), ...Object.keys(before)])].flatMap((key) =>
    differences(before[key], after[key], pathOf(key)),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const same = (before: unknown, after: unknown): boolean => Object.is(before, after);

function byName(items: readonly unknown[]): Record<string, unknown> | null {
  const named = items.map(
    (item) => [isRecord(item) && typeof item.name === 'string' ? item.name : null, item] as const,
  );
  const names = named.map(([name]) => name);
  return names.includes(null) || new Set(names).size < names.length ? null : Object.fromEntries(named);
}
