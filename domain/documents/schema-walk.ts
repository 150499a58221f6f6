import { z } from 'zod';

/** What a field says of itself: what is expected, an example, and what is reserved and not carried out yet. */
export interface FieldHelp {
  readonly expected: string | null;
  readonly example: string | null;
  /** The values that can be listed. */
  readonly values: readonly string[];
  /** True: the field itself; a list: these values of it. */
  readonly notYet: boolean | readonly string[];
}

/** The help of the field at a path. */
export function helpAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): FieldHelp {
  const schemas = schemasAt(schema, path);
  const metas = schemas.flatMap((found) => z.globalRegistry.get(found) ?? []);
  const {
    description,
    examples,
    'x-example': example = Array.isArray(examples) ? examples[0] : undefined,
    'x-not-yet': notYet,
  } = Object.assign({}, ...metas.reverse()) as z.core.GlobalMeta;
  return {
    expected: description ?? null,
    example: example === undefined ? null : String(example),
    values: schemas.flatMap(valuesOf),
    notYet: notYet === true || (Array.isArray(notYet) && notYet) || false,
  };
}

/** The names of the fields that an object at a path may have. */
export const fieldsAt = (schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] => [
  ...new Set(
    schemasAt(schema, path).flatMap((found) => {
      const { def } = (found as z.core.$ZodTypes)._zod;
      return def.type === 'object' ? Object.keys(def.shape) : [];
    }),
  ),
];

/** Every schema that describes the place at a path, the outermost first: a union stands for all of its options. */
function schemasAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly z.core.$ZodType[] {
  return path.reduce<readonly z.core.$ZodType[]>(
    (here, key) => here.flatMap((found) => inside(found, key)).flatMap(layers),
    layers(schema),
  );
}

function valuesOf(schema: z.core.$ZodType): readonly string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'literal') return def.values.map(String);
  return def.type === 'enum' ? Object.values(def.entries).map(String) : [];
}

function layers(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional') return [schema, ...layers(def.innerType)];
  if (def.type === 'union') return [schema, ...def.options.flatMap(layers)];
  return [schema];
}

function inside(schema: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'object') return Object.entries(def.shape).flatMap(([name, field]) => (name === key ? [field] : []));
  if (def.type === 'array') return [def.element];
  if (def.type === 'record') return [def.valueType];
  return [];
}
