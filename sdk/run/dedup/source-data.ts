import { join } from 'node:path';
import { readManifest, readSources } from '../../artifacts/read.ts';
import type { PartInput } from '../../dedup/key.ts';
import { DbtRunCacheError } from '../../errors.ts';
import { inPrivateFolder } from '../../runtimes/private-folder.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { runQuietly } from '../run-quietly.ts';

/**
 * What the data is, by the freshness dbt reports: the time of the last load of every source. A source that says nothing
 * of it makes the data unknown.
 */
export async function sourceData(run: RunContext, plan: Plan): Promise<PartInput> {
  const { project } = plan;
  if (project === undefined)
    return { kind: 'unknown', why: 'there is no project whose sources could be asked' };
  return inPrivateFolder(project.targetPath, async (folder) => {
    const targetPath = join(folder, 'target');
    const end = await runQuietly(run, plan, ['source', 'freshness'], folder);
    try {
      const [sources, manifest] = await Promise.all([
        readSources(join(targetPath, 'sources.json')),
        readManifest(join(targetPath, 'manifest.json')),
      ]);
      return partOf(Object.keys(manifest.sources ?? {}), sources.results);
    } catch (thrown) {
      if (!(thrown instanceof DbtRunCacheError)) throw thrown;
      const said = run.clean(end.outputTail).trim().split('\n').at(-1) ?? '';
      return { kind: 'unknown', why: `dbt source freshness gave no result (${said || thrown.message})` };
    }
  });
}

/** Every source of the project with the time of its last load. */
export function partOf(
  declared: readonly string[],
  results: readonly { readonly unique_id: string; readonly max_loaded_at?: unknown }[],
): PartInput {
  const items: Record<string, string> = {};
  for (const { unique_id: id, max_loaded_at: loadedAt } of results) {
    if (typeof loadedAt === 'string' && loadedAt !== '') items[id] = loadedAt;
  }
  const silent = declared.filter((id) => items[id] === undefined);
  if (silent.length > 0) {
    const [first = ''] = silent;
    const others = silent.length > 1 ? ` and ${silent.length - 1} more` : '';
    return {
      kind: 'unknown',
      why: `dbt reports no freshness for ${first}${others}: give each source a freshness and a loaded_at_field, or say what the data is with data-version`,
    };
  }
  return { kind: 'known', items };
}
