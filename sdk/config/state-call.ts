import { parseDuration } from '../plan/duration.ts';
import type { CallState } from './state-place.ts';
import type { StateConfig } from './state-schema.ts';

/**
 * What a call says about production's state, from texts by the names of `dbt-runcache.yml`, as `parseSetting()` gives them.
 * `parse-cache` and `deps` are options of their own.
 * @returns Undefined when it says nothing.
 */
export function stateCall(values: StateConfig): CallState | undefined {
  if (values.state === 'off') return 'off';
  const call: CallState = {
    managed: values.state === 'managed' ? true : undefined,
    slim: values.slim,
    publish: values['publish-state'],
    store: values['state-store'],
    environment: values['state-environment'],
    onMissing: values['on-missing-state'],
    maxAge: milliseconds(values['max-state-age']),
    retention: milliseconds(values['state-retention']),
    fresherSources: values['fresher-sources'],
  };
  return Object.values(call).every((value) => value === undefined) ? undefined : call;
}

function milliseconds(text: string | undefined): number | undefined {
  // Each has its own limit, which it is within.
  return text === undefined ? undefined : parseDuration(text, { maxMs: Number.POSITIVE_INFINITY });
}
