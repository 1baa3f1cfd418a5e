import { ENGINES } from './engine.ts';
import { pythonEnv } from './python-env.ts';

/** Makes every engine before any test waits for one, so that only this step shows its progress. */
export default async function setup(): Promise<void> {
  for (const { requirements } of ENGINES) {
    await pythonEnv({ requirements, report: (line) => console.log(line) });
  }
}
