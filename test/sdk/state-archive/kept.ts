import { createHash } from 'node:crypto';
import type { KeptState, LastRun, StatePlace } from '../../../sdk/state-archive/kept-state.ts';
import type { Leaving } from '../../../sdk/state-archive/leave-state.ts';

export const PLACE: StatePlace = {
  project: 'shop',
  repository: 'github.com/acme/shop',
  path: '',
  environment: 'production',
};
export const RETAIN = { retainMs: 90 * 86_400_000 };
export const LINE = { engine: 'core', dbtVersion: '1.12.6', adapterType: 'postgres' } as const;

/** A full SHA for a short name. */
export function sha(name: string | number): string {
  return createHash('sha1').update(String(name)).digest('hex');
}

/** The so many-th minute of a day. */
export function minute(at: number): string {
  return new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString();
}

type StateWithoutFiles = Omit<KeptState, 'files'>;

/** Committed at the minute `at`, and published a minute later. */
export function stateAt(at: number, more: Partial<StateWithoutFiles> = {}): StateWithoutFiles {
  return {
    ...LINE,
    commit: sha(at),
    committedAt: minute(at),
    after: [],
    publishedAt: minute(at + 1),
    command: 'build',
    ...more,
  };
}

const FILE = { sha256: 'a'.repeat(64), bytes: 10, contentBytes: 20 };

/** The same in a list. */
export function keptAt(at: number, more: Partial<StateWithoutFiles> = {}): KeptState {
  return { ...stateAt(at, more), files: { manifest: FILE } };
}

export function runAt(
  at: number,
  more: Partial<Omit<LastRun, 'runResults'>> = {},
): Omit<LastRun, 'runResults'> {
  return {
    ...LINE,
    commit: sha(at),
    committedAt: minute(at),
    after: [],
    startedAt: minute(at),
    outcome: 'succeeded',
    ...more,
  };
}

export function lastRunAt(at: number, more: Partial<Omit<LastRun, 'runResults'>> = {}): LastRun {
  return { ...runAt(at, more), runResults: FILE };
}

export function manifestOf(project: string, more = ''): Uint8Array {
  return Buffer.from(
    `{"metadata": {"env": {}, "project_name": ${JSON.stringify(project)}}, "nodes": {}${more}}`,
  );
}

export function leaving(state: StateWithoutFiles): Required<Pick<Leaving, 'state'>> {
  return { state: { state, contents: { manifest: manifestOf(PLACE.project) } } };
}

export function leavingRun(run: Omit<LastRun, 'runResults'>): Required<Pick<Leaving, 'lastRun'>> {
  return { lastRun: { run, runResults: Buffer.from(`{"results": [], "of": "${run.startedAt}"}`) } };
}
