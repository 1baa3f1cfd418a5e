import type { StateConfig } from '../sdk/index.ts';

/** The inputs about production's state; each has the name of a key of the configuration. */
export const STATE_KEYS = [
  ...(['state', 'slim', 'publish-state', 'state-store', 'state-environment', 'on-missing-state'] as const),
  ...(['max-state-age', 'state-retention', 'fresher-sources', 'parse-cache', 'deps'] as const),
] satisfies readonly (keyof StateConfig)[];
