import type { KnownChanges } from './oversight.ts';

/** What `KnownValues` of a kept state are; written out, since this folder knows no store. */
interface Values {
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Names of the variables and environment variables that have another value now, are new, or are gone.
 * @param before Undefined where they were not kept: then nothing is known, and the result says so.
 */
export function changedValues(before: Values | undefined, now: Values): KnownChanges {
  if (before === undefined) return { isUnknown: true };
  return {
    variables: changedNames(before.variables, now.variables),
    environment: changedNames(before.environment, now.environment),
  };
}

function changedNames(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const digest = (values: Readonly<Record<string, string>>, name: string) =>
    Object.hasOwn(values, name) ? values[name] : undefined;
  return [...names].filter((name) => digest(before, name) !== digest(now, name)).sort();
}
