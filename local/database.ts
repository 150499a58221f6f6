import { join } from 'node:path';
import { argv } from 'node:process';
import closeWithGrace from 'close-with-grace';
import { startPglite } from '../store/pglite/start.js';
import { readEndpoints } from './endpoints.js';

/* The stack's database, as a process of its own: PGlite, in the data folder that is its argument. */
const [, , folder = '.patchtide'] = argv;
const { database: port, databasePassword: password } = readEndpoints(folder);
const pglite = await startPglite(join(folder, 'database'), { port, password });
closeWithGrace({ delay: 10_000, logger: false }, () => pglite.close());
