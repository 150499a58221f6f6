// node deploy/healthcheck.mjs api|worker|fleet: exit code 0 where the process in this container is alive.
const [, , kind = 'api'] = process.argv;
const { env } = process;
const urls = {
  api: `http://127.0.0.1:${env.PATCHTIDE_PORT || 8080}/livez`,
  worker: `http://127.0.0.1:${env.PATCHTIDE_WORKER_PORT || 8081}/livez`,
  fleet: `http://127.0.0.1:${env.PATCHTIDE_FLEET_PORT || 4599}/_fleet`,
};
const response = await fetch(urls[kind] ?? urls.api, { signal: AbortSignal.timeout(4_000) }).catch(() => null);
process.exit(response?.ok ? 0 : 1);
