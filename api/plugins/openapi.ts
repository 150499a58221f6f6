import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** The API's description, OpenAPI 3.1 at /openapi.json, rendered at /docs; made from the schemas that routes check with. */
export const describeApi = async (app: FastifyInstance): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Patchtide',
        version: '1.0.0',
        description: 'Operating-system patching across Dev, Test and Prod. Errors are problem+json (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ apiKey: [] }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key; its role says what it may do' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
};

type Description = ReturnType<typeof jsonSchemaTransformObject>;

/** Every named schema comes as a request's and as a response's; only those that something refers to are told. */
const withoutUnused = (description: Description): Description => {
  const schemas = ('components' in description && description.components?.schemas) || {};
  const unused = Object.keys(schemas).find(
    (name) => !JSON.stringify(description).includes(`"#/components/schemas/${name}"`),
  );
  if (unused === undefined) return description;
  delete schemas[unused];
  return withoutUnused(description);
};
