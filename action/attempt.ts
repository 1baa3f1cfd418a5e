import { warning } from '@actions/core';

/** The step's result is dbt's result: what cannot be reported is a warning. */
export async function attempt(what: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    warning(`Could not ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
