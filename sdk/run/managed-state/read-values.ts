import { randomUUID } from 'node:crypto';
import { digestOf } from '../../dedup/names.ts';
import { codeParts } from '../../plan/fingerprint/code.ts';
import type { CodeInput } from '../../plan/fingerprint/list-sources.ts';
import { varsPart } from '../../plan/fingerprint/vars-part.ts';
import { askProgram } from '../../runtimes/process.ts';
import type { KnownValues } from '../../state-archive/kept-state.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { projectVariables } from './project-variables.ts';

const DIGITS = 16;
const SECRET_PREFIX = 'DBT_ENV_SECRET_';
/** How `varsPart()` calls a text that it cannot take apart. */
const WHOLE = 'the whole text';
/** No variable is called so. With a pattern among `keyEnv`, names that are not written out do not spoil the rest. */
const NO_VARIABLE = 'DBT_RUNCACHE_NO_SUCH_VARIABLE*';

/**
 * Digests of what templates read: variables of the project, its packages and `--vars`, and environment variables. Too short to
 * guess a value from; of what is called a secret that of a slow hash, and of `DBT_ENV_SECRET_*` none.
 *
 * Two names stand for what cannot be told: `*` for any variable (`--vars` that is not understood), `?` for those that
 * templates read by a name that is not written out. The latter never has the same value twice.
 */
export async function readKnownValues(run: RunContext, plan: Plan): Promise<KnownValues> {
  const { project } = plan;
  if (project === undefined) return { variables: {}, environment: {} };
  const [ofProject, given, environment] = await Promise.all([
    projectVariables(project, plan.inputs.dotEnv.env),
    varsPart({ args: run.args, engine: plan.engine.kind }),
    environmentValues(run, plan, project),
  ]);
  const { [WHOLE]: whole, ...items } = given.kind === 'known' ? given.items : {};
  return {
    variables: digests('variables', {
      ...ofProject,
      ...items,
      ...(whole === undefined ? {} : { '*': whole }),
    }),
    environment: digests('environment', environment),
  };
}

async function environmentValues(
  run: RunContext,
  plan: Plan,
  project: NonNullable<Plan['project']>,
): Promise<Readonly<Record<string, string>>> {
  const input: CodeInput = {
    cwd: plan.cwd,
    args: run.args,
    commandLine: plan.inputs.commandLine,
    env: plan.env,
    dotEnv: plan.inputs.dotEnv,
    project,
    profile: plan.inputs.profile,
    engine: plan.engine.kind,
    versions: plan.inputs.versions,
    sitePackages: plan.inputs.sitePackages,
    keyEnv: [],
    keyIgnore: [],
    notInputs: [],
    run: askProgram,
  };
  const { env } = await codeParts(input);
  if (env.kind === 'known') return withoutSecrets(env.items);
  const { env: clear } = await codeParts({ ...input, keyEnv: [NO_VARIABLE] });
  return { ...(clear.kind === 'known' ? withoutSecrets(clear.items) : {}), '?': randomUUID() };
}

function withoutSecrets(items: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(items).filter(([name]) => !name.toUpperCase().startsWith(SECRET_PREFIX)),
  );
}

function digests(part: string, values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, digestOf(`${part}\0${name}\0${value}`).slice(0, DIGITS)]),
  );
}
