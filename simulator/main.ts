import { join } from 'node:path';
import { FleetDescriptionError, startFleet } from './index.js';

/** `npm run fleet`: the simulated fleet alone, until it is told to end. */
async function main(): Promise<void> {
  const { env } = process;
  const fleet = await startFleet({
    fleet: env.PATCHTIDE_FLEET ?? 'demo',
    port: Number(env.PATCHTIDE_FLEET_PORT ?? 4599),
    host: env.PATCHTIDE_FLEET_HOST || '127.0.0.1',
    speed: Number(env.PATCHTIDE_FLEET_SPEED ?? 60),
    stateFolder: join(env.PATCHTIDE_DATA ?? '.patchtide', 'fleet'),
  });
  process.stdout.write(`${fleet.nodes} nodes at ${fleet.url} (${fleet.restored ? 'going on' : 'new'})\n`);
  const end = () => {
    fleet.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof FleetDescriptionError ? error.message : String(error)}\n`);
  process.exit(1);
});
