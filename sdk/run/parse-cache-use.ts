import { givenOptions } from '../plan/command-line.ts';
import { parseBoolean, readVariable } from '../plan/variables.ts';
import type { Plan } from './make-plan.ts';

/** Commands that parse the project by the settings they are given. */
const PARSES: ReadonlySet<string> = new Set([
  ...['build', 'clone', 'compile', 'docs generate', 'list', 'parse', 'run', 'run-operation', 'seed', 'show'],
  ...['snapshot', 'source freshness', 'test'],
]);

/** Why a run has no use for what dbt has parsed before; undefined where it has. */
export function noUseOfParse(
  args: readonly string[],
  { engine, command, project, inputs }: Pick<Plan, 'engine' | 'command' | 'project' | 'inputs'>,
): string | undefined {
  if (engine.kind === 'fusion') return 'dbt v2 does not write partial_parse.msgpack';
  const { asksFor, inlineDirect } = inputs.commandLine;
  if (asksFor !== undefined || inlineDirect !== undefined) return 'dbt does not parse the project';
  if (command === 'retry') return 'dbt retry takes its variables from the run it repeats';
  if (!PARSES.has(command)) return `dbt ${command} does not parse the project`;
  if (project === undefined) return 'there is no dbt project';
  if (!project.isTargetPathCertain) return 'only dbt can tell the target folder';
  return switchedOffBy(args, inputs.dotEnv.env, project.flags['partial_parse']);
}

function switchedOffBy(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  projectFlag: unknown,
): string | undefined {
  const options = givenOptions(args, 'core').map(({ name }) => name);
  const last = (name: string): string | undefined =>
    options.findLast((option) => option === `--${name}` || option === `--no-${name}`);
  const variable = (name: string): { readonly name: string; readonly value: string } | undefined => {
    for (const full of [`DBT_ENGINE_${name}`, `DBT_${name}`]) {
      const value = readVariable(env, full);
      if (value !== undefined && value !== '') return { name: full, value };
    }
    return undefined;
  };

  if (options.includes('partial-parse-file-path'))
    return '--partial-parse-file-path names a file of your own';
  const path = variable('PARTIAL_PARSE_FILE_PATH');
  if (path !== undefined) return `${path.name} names a file of your own`;

  const parser = variable('USE_V2_PARSER');
  const parserFlag = last('use-v2-parser');
  if (parserFlag === '--use-v2-parser')
    return "--use-v2-parser has dbt v2's parser do it, which keeps nothing";
  if (parserFlag === undefined && parser !== undefined && parseBoolean(parser.value) === true)
    return `${parser.name} has dbt v2's parser do it, which keeps nothing`;

  const flag = last('partial-parse');
  if (flag !== undefined) return flag === '--no-partial-parse' ? `${flag} switches it off` : undefined;
  const setting = variable('PARTIAL_PARSE');
  if (setting !== undefined)
    return parseBoolean(setting.value) === false ? `${setting.name} switches it off` : undefined;
  return projectFlag === false ? 'partial_parse in dbt_project.yml switches it off' : undefined;
}
