import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ROUTES, type Route } from '../../cli/routes.js';
import { useService } from '../api/service.js';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Shape }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Shape }>> }>
  >;
}
interface Shape {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

const service = useService();
const isRoute = (value: object): value is Route => 'method' in value;
const routes: readonly (readonly [string, Route])[] = Object.values(ROUTES)
  .flatMap((value): readonly Route[] => (isRoute(value) ? [value] : Object.values(value)))
  .map((route) => [`${route.method} ${route.path}`, route]);

const openapi = async () => {
  const { paths, components } = (await service.get('/openapi.json')).json<{
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Shape> };
  }>();
  const fieldsOf = (schema: Shape | undefined): readonly string[] => {
    const named = schema?.$ref === undefined ? schema : components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    return Object.keys(named?.properties ?? {}).sort();
  };
  return { paths, fieldsOf };
};

/** The fields of a schema of ours; one that bears an id is told beside the place where it is used. */
const own = (schema: z.ZodType, io: 'input' | 'output'): readonly string[] => {
  const { $ref, $defs = {}, properties } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return Object.keys(($ref === undefined ? properties : $defs[$ref.split('/').at(-1) ?? '']?.properties) ?? {}).sort();
};

describe('What the command line calls is what the API offers:', () => {
  test.each(routes)('%s', async (_title, { method, path, query, body, answer }) => {
    const { paths, fieldsOf } = await openapi();
    const operation = paths[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`The API has no ${method} ${path}`);
    const inQuery = (operation.parameters ?? []).filter((each) => each.in === 'query').map(({ name }) => name);
    expect(query === null ? [] : Object.keys(query.shape).sort()).toEqual(query === null ? [] : inQuery.sort());
    if (body !== null && !(body instanceof z.ZodUnknown))
      expect(own(body, 'input')).toEqual(fieldsOf(operation.requestBody?.content['application/json']?.schema));
    const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
    for (const [, { content }] of good)
      if (content?.['application/json'])
        expect(own(answer, 'output')).toEqual(fieldsOf(content['application/json'].schema));
    expect(good).not.toEqual([]);
  });
});
