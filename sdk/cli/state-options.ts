import { type CallOptions, type ConfigFile, type StateConfig, stateCall } from '../index.ts';
import { readText } from './read-text.ts';

/** Options about production's state; each has the name of its key in the configuration file. */
export const STATE_OPTIONS = {
  state: { type: 'string' },
  slim: { type: 'string' },
  'publish-state': { type: 'string' },
  'state-store': { type: 'string' },
  'state-environment': { type: 'string' },
  'on-missing-state': { type: 'string' },
  'max-state-age': { type: 'string' },
  'state-retention': { type: 'string' },
  'fresher-sources': { type: 'boolean' },
  'parse-cache': { type: 'boolean' },
  deps: { type: 'string' },
} as const satisfies Record<keyof StateConfig, object>;

type FlagKey = 'fresher-sources' | 'parse-cache';
type TextKey = Exclude<keyof StateConfig, FlagKey>;

/** What parseArgs made of them. */
type Given = { readonly [K in TextKey]?: string | undefined } & {
  readonly [K in FlagKey]?: boolean | undefined;
};

/** @throws UsageError. */
export function readStateOptions(given: Given): Pick<CallOptions, 'state' | 'parseCache' | 'deps'> {
  const text = <K extends TextKey>(key: K): ConfigFile[K] | undefined => {
    const value = given[key];
    return value === undefined ? undefined : readText(key, value);
  };
  const state = stateCall({
    state: text('state'),
    slim: text('slim'),
    'publish-state': text('publish-state'),
    'state-store': text('state-store'),
    'state-environment': text('state-environment'),
    'on-missing-state': text('on-missing-state'),
    'max-state-age': text('max-state-age'),
    'state-retention': text('state-retention'),
    'fresher-sources': given['fresher-sources'],
  });
  return { state, parseCache: given['parse-cache'], deps: text('deps') };
}
