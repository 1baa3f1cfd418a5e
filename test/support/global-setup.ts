import { pythonEnv } from './python-env.ts';

/** Makes the Python environment before any test waits for it, so that only this step shows its progress. */
export default async function setup(): Promise<void> {
  await pythonEnv({ report: (line) => console.log(line) });
}
