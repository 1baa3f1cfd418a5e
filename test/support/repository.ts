import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the clone. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What tests and the demo may keep between runs. Not in git; deleting it is always safe. */
export const CACHE = join(REPOSITORY, '.cache');
export const EXAMPLE_PROJECT = join(REPOSITORY, 'examples', 'bike-hire');
