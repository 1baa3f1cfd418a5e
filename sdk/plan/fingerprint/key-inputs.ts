import type { KeyInputs, PartInput } from '../../dedup/key.ts';
import type { RunProgram } from '../../util/run-program.ts';
import type { CommandLine } from '../command-line.ts';
import type { DbtEnvironment } from '../dot-env.ts';
import type { EngineKind } from '../engine-kind.ts';
import type { ResolvedProfile } from '../profile.ts';
import type { Project } from '../project.ts';
import type { StateSettings } from '../state/setting.ts';
import { codeParts } from './code.ts';
import { commandPart } from './command-part.ts';
import { dataPart, enginePart, plannedEnginePart, statePart } from './engine-parts.ts';
import type { IgnoredPath } from './ignored-paths.ts';
import { profileNeed, profilePart, targetPart } from './profile-parts.ts';
import { selectionPart } from './selection-part.ts';
import { varsPart } from './vars-part.ts';
import { targetText, warehousePart } from './warehouse-part.ts';

/** What a key is made of. */
export interface FingerprintInput {
  /** The folder dbt is started in. Absolute. */
  readonly cwd: string;
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  /** The environment dbt gets. */
  readonly env: Readonly<Record<string, string>>;
  /** That with the project's `.env` file, and which names only dbt can tell. */
  readonly dotEnv: DbtEnvironment;
  readonly project: Project;
  /** Undefined for a command without one, and where only dbt can tell. */
  readonly profile: ResolvedProfile | undefined;
  readonly engine: EngineKind;
  /** From package metadata; `dbt` is absent where it could not be told, and then there is no key. */
  readonly versions: {
    readonly dbt?: string;
    /** By adapter type. */
    readonly adapters: Readonly<Record<string, string>>;
    readonly state?: string;
    readonly python?: string;
  };
  /** Absolute: the folder of the Python packages dbt is one of; undefined where it could not be told, and for dbt v2. */
  readonly sitePackages?: string | undefined;
  /** The engine's part, where dbt is not installed yet. */
  readonly enginePart?: PartInput | undefined;
  readonly runCache: 'inherit' | 'disabled';
  readonly stateSettings: StateSettings;
  /** Names and patterns (`*`) of variables that take part although no `env_var()` names them. */
  readonly keyEnv: readonly string[];
  /** Who made the key: a derived one needs to know of the data, a given one does not. */
  readonly keyKind: 'given' | 'derived';
  /** What is known of the data; undefined where nobody said anything (of a given key: then there is no such part). */
  readonly data: PartInput | undefined;
  /** Absolute paths that are no input: the ledger's own folder, say. */
  readonly notInputs: readonly string[];
  /** What the user says is no input. Which paths these are takes part. */
  readonly keyIgnore: readonly IgnoredPath[];
  readonly run: RunProgram;
}

export interface Fingerprint {
  readonly inputs: KeyInputs;
  /** Names the warehouse target: adapter, host, account, database, schema. Undefined where a part of it is not known. */
  readonly target: string | undefined;
}

/**
 * Everything that can change what a run does, part by part. What is not known makes its part unknown, never equal.
 * Of a given key the data is the business of whoever gave it.
 */
export async function fingerprint(input: FingerprintInput): Promise<Fingerprint> {
  const need = profileNeed(input);
  const [code, command, vars, engine, target] = await Promise.all([
    codeParts(input),
    commandPart(input),
    varsPart(input),
    input.enginePart === undefined ? enginePart(input) : plannedEnginePart(input.enginePart, input),
    need === 'known' ? targetText(input) : undefined,
  ]);
  return {
    inputs: {
      ...code,
      command,
      selection: selectionPart(input),
      vars,
      ...profileParts(input, need),
      engine,
      state: statePart(input),
      ...(input.keyKind === 'given' && input.data === undefined ? {} : { data: dataPart(input) }),
    },
    target,
  };
}

function profileParts(input: FingerprintInput, need: ReturnType<typeof profileNeed>): KeyInputs {
  if (need === 'none') return {};
  if (need !== 'known') {
    const unknown = { kind: 'unknown', why: need.why } as const;
    return { target: unknown, profile: unknown, warehouse: unknown };
  }
  return { target: targetPart(input), profile: profilePart(input), warehouse: warehousePart(input) };
}
