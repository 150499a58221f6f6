import Fastify from 'fastify';

/* The yardstick of the API's bench: Fastify alone, in a process of its own, answering with given bodies by their names. */
const bodies = JSON.parse(process.env.BARE_BODIES ?? '{}') as Record<string, unknown>;
const app = Fastify();
for (const [name, body] of Object.entries(bodies)) {
  app.get(`/${name}`, async () => body);
  app.post(`/${name}`, async (_request, reply) => reply.code(202).send(body));
}
process.once('SIGTERM', () => void app.close());
await app.listen({ host: '127.0.0.1', port: Number(process.env.BARE_PORT) });
