import { DbtRunCacheError } from '../../errors.ts';
import { defaultSelectorOf } from '../../plan/slim/default-selector.ts';
import { slimArguments } from '../../plan/slim/slim-arguments.ts';
import { withState } from '../../plan/slim/with-state.ts';
import { readVariable } from '../../plan/variables.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { SlimSelection } from './slim-selection.ts';
import type { StateDesk } from './state-desk.ts';

/** What dbt is given; `isNarrowed`: the selection is a slim one. */
interface Given {
  readonly args: readonly string[];
  readonly within: readonly string[];
  readonly isNarrowed?: true;
}

/** Undefined where the command takes no comparison. */
export async function argumentsFor(
  run: RunContext,
  plan: Plan,
  { settings }: StateDesk,
  { folder, selection }: { readonly folder: string; readonly selection: SlimSelection | undefined },
): Promise<Given | undefined> {
  const { commandLine } = plan.inputs;
  const engine = plan.engine.kind;
  const { env } = plan.inputs.dotEnv;
  const base = { args: run.args, commandLine, engine, env, stateDir: folder };
  if (settings.slim === undefined || selection?.addedAll !== undefined) return withState(base);
  const slim = slimArguments({
    ...base,
    dbtVersion: plan.engine.dbtVersion,
    selectors: selection?.selectors ?? ['state:modified+'],
    alone: selection?.tokens ?? [],
    defaultSelector: await defaultSelectorOf(plan.project?.dir ?? plan.cwd),
  });
  if (slim.kind === 'refused') throw slim.error;
  // What cannot be narrowed may compare all the same, as clone does.
  if (slim.kind === 'not-applicable') return withState(base);
  refuseLostTests(plan, slim.within);
  return { args: slim.args, within: slim.within, isNarrowed: true };
}

/** dbt takes a test that reads several nodes for one token at a time then, so that one with a parent in each would be lost. */
function refuseLostTests({ inputs, project }: Plan, within: readonly string[]): void {
  if (within.length < 2) return;
  const { commandLine, dotEnv } = inputs;
  const mode =
    commandLine.indirectSelection ??
    readVariable(dotEnv.env, 'DBT_ENGINE_INDIRECT_SELECTION') ??
    readVariable(dotEnv.env, 'DBT_INDIRECT_SELECTION') ??
    flagOf(project?.flags);
  if (mode === undefined || mode === 'eager' || mode === 'empty') return;
  throw new DbtRunCacheError(
    `slim does not go with several words of --select where indirect selection is ${mode}: dbt would leave out tests between them`,
    { code: 'invalid-options', hint: 'Select by one word, e.g. a tag, or give --indirect-selection eager.' },
  );
}

function flagOf(flags: unknown): string | undefined {
  const mode = (flags as { readonly indirect_selection?: unknown } | null | undefined)?.indirect_selection;
  return typeof mode === 'string' ? mode : undefined;
}
