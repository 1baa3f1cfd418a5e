import { copyFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULE = 'dbt_runcache_tap.py';
const EVENTS_FILE = 'DBT_RUNCACHE_EVENTS_FILE';

/** The event tap as laid out for one run. */
export interface Tap {
  /** The file dbt's events come into, one JSON object a line. */
  readonly eventsPath: string;
  /** What the child's environment must hold. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Lays out the Python module that copies dbt's structured events into a file (see tap/dbt_runcache_tap.py).
 * @param folder A private folder of this run. The module is copied there, since Python writes its cache beside it.
 */
export async function layTap(folder: string, env: Readonly<Record<string, string>>): Promise<Tap> {
  await copyFile(fileURLToPath(new URL(`./tap/${MODULE}`, import.meta.url)), join(folder, MODULE));
  const eventsPath = join(folder, 'events.jsonl');
  const pythonPath = env['PYTHONPATH'];
  return {
    eventsPath,
    env: {
      [EVENTS_FILE]: eventsPath,
      PYTHONPATH: pythonPath === undefined || pythonPath === '' ? folder : folder + delimiter + pythonPath,
    },
  };
}
