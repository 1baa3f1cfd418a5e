import { DbtRunCacheError } from '../errors.ts';
import { invalid, isMap, valueAt, type YamlFile } from './yaml-file.ts';

export type YamlMap = Readonly<Record<string, unknown>>;

/** @throws DbtRunCacheError `profile-not-found`, naming the profiles there are; `profile-invalid` for no map. */
export function readProfile(file: YamlFile, profileName: string): YamlMap {
  const profile = valueAt(file.root, profileName);
  if (profile === undefined) {
    const names = Object.keys(file.root).filter((name) => name !== 'config');
    throw new DbtRunCacheError(`${file.path} has no profile "${profileName}"`, {
      code: 'profile-not-found',
      hint: names.length === 0 ? 'It has no profiles at all.' : `It has: ${names.join(', ')}.`,
    });
  }
  if (!isMap(profile)) {
    throw invalid('profile-invalid', located(file, profileName), `profile "${profileName}" is not a map`);
  }
  return profile;
}

function outputsOf(file: YamlFile, profileName: string, profile: YamlMap): YamlMap {
  const outputs = valueAt(profile, 'outputs');
  if (outputs === undefined || outputs === null) {
    throw invalid('profile-invalid', located(file, profileName), `profile "${profileName}" has no "outputs"`);
  }
  if (!isMap(outputs)) {
    throw invalid(
      'profile-invalid',
      located(file, profileName, 'outputs'),
      '"outputs" is not a map of targets',
    );
  }
  return outputs;
}

/** @throws DbtRunCacheError `target-not-found`, naming the targets there are; `profile-invalid` for no map. */
export function readTarget(
  file: YamlFile,
  profileName: string,
  profile: YamlMap,
  targetName: string,
): YamlMap {
  const outputs = outputsOf(file, profileName, profile);
  const target = valueAt(outputs, targetName);
  if (target === undefined) {
    const names = Object.keys(outputs);
    throw new DbtRunCacheError(`Profile "${profileName}" in ${file.path} has no target "${targetName}"`, {
      code: 'target-not-found',
      hint: names.length === 0 ? 'It has no targets at all.' : `It has: ${names.join(', ')}.`,
    });
  }
  if (!isMap(target)) {
    const where = located(file, profileName, 'outputs', targetName);
    throw invalid('profile-invalid', where, `target "${targetName}" is not a map`);
  }
  return target;
}

/** File and line, as an editor takes it. */
export function located(file: YamlFile, ...keys: readonly string[]): string {
  const line = file.lineOf(...keys);
  return line === undefined ? file.path : `${file.path}:${line}`;
}
