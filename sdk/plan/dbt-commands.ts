import { join, resolve } from 'node:path';
import type { CommandLine } from './command-line.ts';
import type { EngineKind } from './engine-kind.ts';

export type ArtifactName = 'run_results' | 'manifest' | 'sources' | 'catalog';

/** Whether something must be there before dbt starts, is worth a look, or has no part in it. */
export type Need = 'required' | 'optional' | 'none';

const RUNS_NODES = new Set(['build', 'clone', 'compile', 'run', 'seed', 'show', 'snapshot', 'test']);

/** Commands of dbt v2 alone whose needs are left to it: some work without a project, some without a profile. */
const FUSION_ONLY = /^(?:format|help|license|lint|login|man|sl|state|system|wizard)\b/;

/**
 * The artifacts the command writes when it gets that far. `retry` repeats an earlier command and may write what that
 * one does; a command nobody here knows may write any.
 * @param writesJson False when the run has `write-json` off: then only `docs generate` writes.
 */
export function artifactsOf(
  commandLine: CommandLine,
  writesJson = true,
  engine: EngineKind = 'core',
): ReadonlySet<ArtifactName> {
  const names = engine === 'fusion' ? artifactsOfFusion(commandLine) : artifactsWithJson(commandLine);
  if (writesJson) return new Set(names);
  // Documentation needs its catalog, and dbt writes the manifest it belongs to all the same.
  return new Set(
    names.includes('catalog') ? names.filter((name) => name === 'catalog' || name === 'manifest') : [],
  );
}

/** Where `source freshness` writes its results: `--output`, from the folder dbt runs in, or the target folder. */
export function sourcesPathOf(commandLine: CommandLine, where: { cwd: string; targetPath: string }): string {
  const { command, output } = commandLine;
  if (command === 'source freshness' && output !== undefined && output !== '')
    return resolve(where.cwd, output);
  return join(where.targetPath, 'sources.json');
}

/** To dbt v2 the catalog is an option of any command, and `docs generate` only says so. */
function artifactsOfFusion(commandLine: CommandLine): readonly ArtifactName[] {
  if (commandLine.command === 'docs generate') return [];
  const names = artifactsWithJson(commandLine);
  return commandLine.writeCatalog === true && names.length > 0 ? [...names, 'catalog'] : names;
}

function artifactsWithJson(commandLine: CommandLine): readonly ArtifactName[] {
  const { command } = commandLine;
  if (commandLine.asksFor !== undefined || command === '') return [];
  if (command === 'show' && commandLine.inlineDirect !== undefined) return [];
  if (RUNS_NODES.has(command) || command === 'run-operation') return ['run_results', 'manifest'];
  switch (command) {
    case 'docs generate':
      return commandLine.compile === false ? ['catalog'] : ['run_results', 'manifest', 'catalog'];
    case 'list':
    case 'parse':
      return ['manifest'];
    case 'source freshness':
      return ['sources', 'manifest'];
    case 'retry':
      return ['run_results', 'manifest', 'catalog'];
    default:
      return commandLine.isKnown ? [] : ['run_results', 'manifest', 'sources', 'catalog'];
  }
}

/**
 * Whether dbt needs a project and a profile for the command. What is `required` and missing is an error before dbt
 * starts; what is `optional` is used when it is there, and dbt itself has the word on it: `debug` and `init` are run
 * to mend exactly that, and of an unknown command nobody here can tell.
 */
export function needsOf(commandLine: CommandLine): { readonly project: Need; readonly profile: Need } {
  const { command } = commandLine;
  if (commandLine.asksFor !== undefined || command === '') return { project: 'none', profile: 'none' };
  if (command === 'init') return { project: 'none', profile: 'none' };
  if (command === 'debug' || !commandLine.isKnown || FUSION_ONLY.test(command))
    return { project: 'optional', profile: 'optional' };
  if (command === 'deps' || command === 'clean') return { project: 'required', profile: 'none' };
  return { project: 'required', profile: 'required' };
}
