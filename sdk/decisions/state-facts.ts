import type { StateProblem } from './decision.ts';

/**
 * What the State plugin says in dbt's log. It names its own events `State` (`RunCache` before 2026) and keeps the
 * text apart from its arguments, so both are matched on those and never on the rendered line.
 */
export interface StateMessage {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The text with `{}` where arguments go. */
  readonly base: string;
  readonly args: readonly string[];
}

/** What a message tells. `byId` names a node by unique id, `byName` by its bare name. */
export type StateFact =
  | { readonly kind: 'announced'; readonly version?: string; readonly status: StateAnnouncement }
  /** dbt v2: the service has answered and knows this client. */
  | { readonly kind: 'ready'; readonly endpoint: string }
  | { readonly kind: 'answer'; readonly answer: StateAnswer; readonly byName: string }
  | { readonly kind: 'explained'; readonly byName: string; readonly text: string }
  | { readonly kind: 'confirmed'; readonly byId: string }
  | { readonly kind: 'clone-failed'; readonly byName: string; readonly why: string }
  | { readonly kind: 'pre-cloned'; readonly source: string; readonly target: string }
  | { readonly kind: 'savings'; readonly nodeMs: number; readonly nodes: number }
  | { readonly kind: 'login-failed'; readonly why: string }
  | {
      readonly kind: 'trouble';
      readonly problem: StateProblem;
      /** State is off for the rest of the run. */
      readonly off: boolean;
      readonly byId?: string;
      readonly byName?: string;
    }
  /** A warning that changes nothing about whether State works. */
  | { readonly kind: 'remark' };

export type StateAnnouncement = 'enabled' | 'installed' | 'disabled';
export type StateAnswer = 'skip' | 'clone' | 'execute';

/** The line a person would have read, without the `State adapter: ` in front. */
export function renderStateMessage({ base, args }: StateMessage): string {
  const rest = [...args];
  // One message of the plugin is written for another formatter and keeps a literal %s.
  return base.replace(/\{\}|%s/g, (hole) => rest.shift() ?? hole);
}
