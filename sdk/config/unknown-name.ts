import { nearest } from '../util/nearest.ts';
import { CONFIG_KEYS } from './schema.ts';

/** Words of one call, which a file for every run does not decide. */
const OF_THE_CALL: Readonly<Record<string, string>> = {
  command: 'it is what one call is about: give it to the call',
  args: 'it is what one call is about: give it to the call',
  'project-dir': 'the project is found from the folder a run starts in',
  'profiles-dir': "give it to the call, or set dbt's own DBT_PROFILES_DIR",
  target: "give it to the call, or set it in the profile, so that no file can change a run's target unseen",
  'github-token': 'no file should hold a token',
  config: 'a file cannot name another one',
  summary: 'it is what one call writes: give it to the call',
  'log-format': 'give it to the call',
  'explain-cache': 'give it to the call',
  heartbeat: 'it follows from lease, of which it is a quarter',
};

/** What to say of a key that does not exist, in any spelling: the one that was meant, or where it belongs. */
export function aboutUnknownKey(name: string): string | undefined {
  const key = name
    .slice(0, 64)
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
  if (Object.hasOwn(OF_THE_CALL, key)) return OF_THE_CALL[key];
  const meant = meantKey(key);
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

/** The key that a mistyped one was meant to be. */
export function meantKey(key: string): string | undefined {
  return nearest(key, CONFIG_KEYS);
}
