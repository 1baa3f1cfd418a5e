import { valueAt } from '../yaml-file.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { sourceRootsOf } from './list-sources.ts';

/** What of a run its hooks depend on. */
export type RunHooksInput = Pick<
  FingerprintInput,
  'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'project' | 'versions'
>;

/**
 * Whether something runs before or after the nodes of every command: `on-run-start` or `on-run-end` of the project, or
 * of a package that is installed or local. It may write whatever it likes. True where that cannot be told.
 */
export async function hasRunHooks(input: RunHooksInput): Promise<boolean> {
  try {
    const { projectFiles } = await sourceRootsOf(input, new Set());
    return projectFiles.some(
      ({ isDoubtful, root }) =>
        isDoubtful || ['on-run-start', 'on-run-end'].some((key) => isGiven(valueAt(root, key))),
    );
  } catch {
    return true;
  }
}

function isGiven(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}
