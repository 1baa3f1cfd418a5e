import type { NodeChange } from '../../sdk/managed-state/node-change.ts';
import type { Oversight } from '../../sdk/managed-state/oversight.ts';
import type {
  FoundState,
  ManagedStateReport,
  MissingState,
  SelectionReasons,
  SlimReport,
} from '../../sdk/managed-state/state-report.ts';
import { hostileText } from './hostile-text.ts';
import type { Random } from './random.ts';

export const STATE_COMMIT = '1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b';
export const STATE_RUN_URL = 'https://github.com/acme/shop/actions/runs/77/attempts/1';

/** The state of the merge base, two days old, except for what is given. */
export function foundState(given: Partial<FoundState> = {}): FoundState {
  return {
    kind: 'found',
    commit: STATE_COMMIT,
    basis: 'merge-base',
    commitsAway: 3,
    publishedAt: '2026-11-19T01:25:41.000Z',
    ageMs: 2 * 86_400_000,
    engine: 'core',
    dbtVersion: '1.11.16',
    adapterType: 'postgres',
    url: STATE_RUN_URL,
    passedOver: [],
    lastRun: { commit: STATE_COMMIT, outcome: 'succeeded', startedAt: '2026-11-20T05:00:00.000Z' },
    ...given,
  };
}

export function missingState(given: Partial<MissingState> = {}): MissingState {
  return { kind: 'missing', because: 'none-kept', passedOver: [], ...given };
}

/** A node whose SQL has changed, except for what is given. */
export function change(name: string, given: Partial<NodeChange> = {}): NodeChange {
  return {
    uniqueId: `model.jaffle_shop.${name}`,
    kinds: ['body'],
    selectedBy: ['modified', 'modified.body'],
    ...given,
  };
}

/** Nothing was selected, except for what is given. */
export function reasons(given: Partial<SelectionReasons> = {}): SelectionReasons {
  return { changes: [], downstream: {}, retried: [], fresher: [], oversights: [], ...given };
}

export function slimReport(given: Partial<SlimReport> = {}): SlimReport {
  return {
    mode: 'slim',
    args: ['build', '--state', '/tmp/state', '--defer', '--select', 'state:modified+'],
    selectors: ['state:modified+', 'result:error+', 'result:fail+'],
    within: [],
    selection: reasons(),
    added: [],
    ...given,
  };
}

/** A run that was compared with {@link foundState}, except for what is given. */
export function managedState(given: Partial<ManagedStateReport> = {}): ManagedStateReport {
  return { environment: 'production', store: 'file', comparison: foundState(), ...given };
}

/** Every way to differ, and every oversight, with text that nobody vouches for. */
export function hostileManagedState(random: Random): ManagedStateReport {
  const words = () => hostileText(random);
  const id = () => `${random.pick(['model', 'test', 'seed', 'source', words()])}.shop.${words()}`;
  const ids = () => Array.from({ length: random.int(0, 9) }, id);
  const url = random.pick([`https://files.example/a/b/actions/runs/${words()}`, `javascript:${words()}`]);
  const oversights: Oversight[] = [
    { kind: 'built-in-macro', macro: id() },
    { kind: 'naming-macro', macro: words() },
    { kind: 'untracked-macro', macro: id(), mentionedBy: ids() },
    { kind: 'project-hook', uniqueId: id() },
    { kind: 'removed', uniqueId: id() },
    { kind: 'relation', uniqueId: id(), from: words(), to: words() },
    { kind: 'variable', name: words(), uniqueIds: ids() },
    { kind: 'environment-variable', name: words(), uniqueIds: ids() },
    { kind: 'not-compared', uniqueId: id(), fields: [words(), words()] },
    { kind: 'false-alarm', uniqueId: id(), configs: [words()] },
    { kind: 'contract-refused', uniqueId: id() },
  ];
  const changes = Array.from(
    { length: random.int(0, 30) },
    (): NodeChange => ({
      uniqueId: id(),
      kinds: [
        random.pick(['new', 'body', 'configs', 'relation', 'macros', 'properties'] as const),
        'configs',
      ],
      selectedBy: ['modified'],
      configs: [words(), words()],
      relation: [words()],
      macros: [{ macro: id(), via: [id(), words()] }],
      properties: [words()],
    }),
  );
  const passedOver = Array.from({ length: random.int(0, 3) }, () => ({
    commit: words(),
    because: random.pick(['other-version', 'stale', 'corrupt', 'other-adapter'] as const),
    detail: words(),
  }));
  const environment = words();
  if (random.int(0, 3) === 0) {
    return { environment, comparison: missingState({ because: 'none-fits', why: words(), passedOver }) };
  }
  const selection = reasons({
    changes,
    downstream: Object.fromEntries(ids().map((one) => [one, [id(), id()]])),
    retried: ids(),
    fresher: ids(),
    oversights: oversights.filter(() => random.int(0, 1) === 0),
  });
  const found = foundState({
    basis: random.pick(['merge-base', 'ancestor', 'newest'] as const),
    ...{ commit: random.pick([STATE_COMMIT, words()]), publishedAt: words(), dbtVersion: words() },
    ...{ adapterType: words(), url, passedOver, doubt: words(), isDirty: true },
    lastRun: { commit: STATE_COMMIT, outcome: 'failed', startedAt: words(), url },
  });
  return {
    environment,
    comparison: found,
    slim: slimReport({ args: [words(), words()], within: [words()], added: ids(), selection }),
    published: { kind: 'not-published', because: 'unavailable', why: words() },
  };
}
