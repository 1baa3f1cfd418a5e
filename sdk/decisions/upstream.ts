import type { Manifest } from '../artifacts/types.ts';

/** Statuses after which dbt skips what depends on a node. */
export const BLOCKING: ReadonlySet<string> = new Set(['error', 'fail', 'runtime error', 'partial success']);

interface Cause {
  readonly uniqueId: string;
  /** Edges between. */
  readonly distance: number;
}

/**
 * Finds the node whose failure made dbt skip another: the nearest one that failed among its ancestors, and, since
 * `dbt build` runs tests between nodes, among the tests of those ancestors.
 *
 * @param statuses dbt's status of every node that has one, by unique id.
 */
export function createUpstreamSearch(
  manifest: Manifest,
  statuses: ReadonlyMap<string, string>,
): (uniqueId: string) => string | undefined {
  const known = new Map<string, Cause | null>();
  const parentsOf = (id: string): readonly string[] => manifest.parent_map[id] ?? [];
  const failed = (id: string): boolean => BLOCKING.has(statuses.get(id) ?? '');
  const failedTests = failedTestsByNode(statuses, parentsOf);

  /** dbt lets a test stop a node only when all the test looks at lies before that node. */
  function blockingTest(id: string): string | undefined {
    const own = failedTests.get(id)?.find(isUnitTest);
    if (own !== undefined) return own;
    if (isTest(id)) return undefined;
    let before: ReadonlySet<string> | undefined;
    for (const parent of parentsOf(id)) {
      for (const test of failedTests.get(parent) ?? []) {
        if (isUnitTest(test)) continue;
        const looksAt = parentsOf(test);
        if (looksAt.length === 1) return test;
        before ??= ancestors(id, parentsOf);
        if (looksAt.every((one) => before?.has(one))) return test;
      }
    }
    return undefined;
  }

  /** Whether to look further up through a node: one that was skipped, or that dbt never runs by itself. */
  function passable(id: string): boolean {
    const status = statuses.get(id);
    return status === 'skipped' || (status === undefined && isEphemeral(manifest, id));
  }

  function causeOf(id: string, through: readonly string[]): Cause | null {
    const direct = parentsOf(id).find(failed) ?? blockingTest(id);
    if (direct !== undefined) return { uniqueId: direct, distance: 1 };
    let nearest: Cause | null = null;
    for (const parent of through) {
      const cause = known.get(parent);
      if (cause && (nearest === null || cause.distance + 1 < nearest.distance)) {
        nearest = { uniqueId: cause.uniqueId, distance: cause.distance + 1 };
      }
    }
    return nearest;
  }

  return function search(start: string): string | undefined {
    // A stack instead of recursion, since a project may be thousands of nodes deep; each node is worked out once.
    const open = [start];
    const entered = new Set<string>();
    for (let id = open.at(-1); id !== undefined; id = open.at(-1)) {
      const through = known.has(id) ? [] : parentsOf(id).filter(passable);
      const missing = entered.has(id) ? [] : through.filter((parent) => !known.has(parent));
      entered.add(id);
      if (missing.length > 0) {
        open.push(...missing);
        continue;
      }
      if (!known.has(id)) known.set(id, causeOf(id, through));
      open.pop();
    }
    return known.get(start)?.uniqueId;
  };
}

function failedTestsByNode(
  statuses: ReadonlyMap<string, string>,
  parentsOf: (id: string) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [id, status] of statuses) {
    if (!BLOCKING.has(status) || !isTest(id)) continue;
    for (const parent of parentsOf(id)) {
      const tests = found.get(parent);
      if (tests === undefined) found.set(parent, [id]);
      else tests.push(id);
    }
  }
  return found;
}

function ancestors(id: string, parentsOf: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...parentsOf(id)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...parentsOf(next));
  }
  return found;
}

function isUnitTest(id: string): boolean {
  return id.startsWith('unit_test.');
}

function isTest(id: string): boolean {
  return id.startsWith('test.') || isUnitTest(id);
}

function isEphemeral(manifest: Manifest, id: string): boolean {
  return manifest.nodes[id]?.config?.['materialized'] === 'ephemeral';
}
