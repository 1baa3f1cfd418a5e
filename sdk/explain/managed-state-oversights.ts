import type { Oversight } from '../managed-state/oversight.ts';
import type { Phrase } from './explanation.ts';
import { counted } from './format.ts';
import { inOrder, type Names, named } from './managed-state-names.ts';
import { asCode, listedPhrases, words } from './phrase.ts';

type Kind = Oversight['kind'];
type Of<Name extends Kind> = Extract<Oversight, { kind: Name }>;

/** Some oversights of one kind as one thing to say. */
export interface ToldOversight {
  readonly says: readonly Phrase[];
  /** Unique ids of the nodes it concerns; undefined where nobody can tell. */
  readonly concerns: readonly string[] | undefined;
  /** What makes up for it. `strict`: building what it concerns. `everything`: nothing less than a full build. */
  readonly mends: 'strict' | 'everything' | 'nothing';
  /** What to do, where it is not what `mends` says. */
  readonly todo?: string;
}

type Tell<Name extends Kind> = (
  found: readonly Of<Name>[],
  names: Names,
  all: readonly Oversight[],
) => readonly ToldOversight[];

const TELL: { readonly [Name in Kind]: Tell<Name> } = {
  'built-in-macro': (found, names) =>
    found.map(({ macro }) => ({
      says: [
        words('The macro '),
        asCode(names.macro(macro)),
        words(
          ' has changed. It stands in front of a macro of dbt’s own, or did, and dbt does not know which nodes that changes.',
        ),
      ],
      concerns: undefined,
      mends: 'strict',
    })),
  'naming-macro': (found, names, all) => {
    // What it renames stands beside it.
    const renamed = ids(all.filter((one) => one.kind === 'relation'));
    return found.map(({ macro }) => ({
      says: [
        words('The macro '),
        asCode(names.macro(macro)),
        words(
          ` has changed. It decides names of schemas, tables or databases, and dbt does not look at what it renames. ${
            renamed.length === 0
              ? 'No node was found whose name differs by it.'
              : 'Nodes whose names differ are told below.'
          }`,
        ),
      ],
      concerns: renamed,
      mends: 'strict',
    }));
  },
  'untracked-macro': (found, names) =>
    found.map(({ macro, mentionedBy }) => ({
      says: [
        words('The macro '),
        asCode(names.macro(macro)),
        words(' has changed, and dbt finds nothing that calls it, though it is named by '),
        ...nodes(mentionedBy, names),
        words('.'),
      ],
      concerns: mentionedBy,
      mends: 'strict',
    })),
  'project-hook': (found, names) => [
    {
      says: [
        words(found.length === 1 ? 'The project’s hook ' : 'The project’s hooks '),
        ...nodes(ids(found), names),
        words(
          found.length === 1
            ? ' is new or different. dbt selects no node for that, and nobody can tell which ones it changes.'
            : ' are new or different. dbt selects no node for that, and nobody can tell which ones they change.',
        ),
      ],
      concerns: undefined,
      mends: 'everything',
      todo: 'If nodes depend on what it does, build everything once with `slim: false`.',
    },
  ],
  removed: (found, names) => [
    {
      says:
        found.length === 1
          ? [...nodes(ids(found), names), words(' is gone. dbt lists neither it nor what stood below it.')]
          : [
              ...nodes(ids(found), names),
              words(' are gone. dbt lists neither them nor what stood below them.'),
            ],
      concerns: ids(found),
      mends: 'nothing',
      todo: 'Look whether anything still reads what is gone; what it left in the warehouse stays there until someone drops it.',
    },
  ],
  relation: (found, names) => {
    const [first] = found;
    if (first === undefined) return [];
    return [
      {
        says:
          found.length === 1
            ? [
                ...nodes(ids(found), names),
                words(' is now '),
                asCode(first.to),
                words(' in the warehouse, and was '),
                asCode(first.from),
                words('. No config says so, and dbt does not list it for that.'),
              ]
            : [
                words(
                  `${counted(found.length, 'node')} have other names in the warehouse now, though no config says so: `,
                ),
                ...nodes(ids(found), names),
                words('. dbt does not list them for that; '),
                ...nodes([first.uniqueId], names),
                words(', for one, is now '),
                asCode(first.to),
                words(' and was '),
                asCode(first.from),
                words('.'),
              ],
        concerns: ids(found),
        mends: 'strict',
      },
    ];
  },
  variable: (found, names) =>
    found.map(({ name, uniqueIds }) => ({
      says: readers('The variable ', name, uniqueIds, names),
      concerns: uniqueIds,
      mends: 'strict',
    })),
  'environment-variable': (found, names) =>
    found.map(({ name, uniqueIds }) => ({
      says: readers('The environment variable ', name, uniqueIds, names),
      concerns: uniqueIds,
      mends: 'strict',
    })),
  'not-compared': (found, names) => [
    {
      says: [
        words(
          found.length === 1
            ? 'This differs, and dbt does not compare it: '
            : 'These differ, and dbt does not compare them: ',
        ),
        ...perNode(found, ({ fields }) => fields, names),
        words('.'),
      ],
      concerns: ids(found),
      mends: 'strict',
    },
  ],
  'false-alarm': (found, names) => [
    {
      says: [
        words('dbt lists a config whose text is the same, since it reads a variable or the target: '),
        ...perNode(found, ({ configs }) => configs, names),
        words('.'),
      ],
      concerns: ids(found),
      mends: 'strict',
    },
  ],
  'contract-refused': (found, names) => [
    {
      says: [
        words('The contract of '),
        ...nodes(ids(found), names),
        words(
          found.length === 1
            ? ', a version of a model, is broken. dbt Core refuses that: it lists nothing and ends with an error.'
            : ', versions of models, is broken. dbt Core refuses that: it lists nothing and ends with an error.',
        ),
      ],
      concerns: ids(found),
      mends: 'nothing',
      todo: 'Take the change back, or make a new version of the model.',
    },
  ],
};

/** In the order of what a reader should see first. */
const ORDER: Readonly<Record<Kind, number>> = {
  'contract-refused': 0,
  'built-in-macro': 1,
  'naming-macro': 2,
  'untracked-macro': 3,
  'project-hook': 4,
  relation: 5,
  variable: 6,
  'environment-variable': 7,
  'not-compared': 8,
  removed: 9,
  'false-alarm': 10,
};

/** All oversights as things to say, each kind together. */
export function tellOversights(
  found: readonly Oversight[],
  names: Names,
): readonly (ToldOversight & { readonly kind: Kind })[] {
  const kinds = (Object.keys(ORDER) as Kind[]).toSorted((a, b) => ORDER[a] - ORDER[b]);
  return kinds.flatMap((kind) => tell(kind, found, names).map((told) => ({ ...told, kind })));
}

function tell<Name extends Kind>(kind: Name, found: readonly Oversight[], names: Names) {
  const ofKind = found.filter((one): one is Of<Name> => one.kind === kind);
  return ofKind.length === 0 ? [] : TELL[kind](ofKind, names, found);
}

function ids(found: readonly { readonly uniqueId: string }[]): readonly string[] {
  return found.map(({ uniqueId }) => uniqueId);
}

function nodes(uniqueIds: readonly string[], names: Names): Phrase[] {
  return named(inOrder(uniqueIds.map(names.node)));
}

function readers(what: string, name: string, uniqueIds: readonly string[], names: Names): readonly Phrase[] {
  return [
    ...changedValue(what, name),
    words(' now, and dbt does not compare values. It is read by the code of '),
    ...nodes(uniqueIds, names),
    words(', or by macros called there.'),
  ];
}

/** `*`: the text of `--vars`, which only dbt can read. `?`: a name that the template works out. */
function changedValue(what: string, name: string): readonly Phrase[] {
  if (name === '*') return [words('Any variable may have another value')];
  if (name === '?') return [words(`${what}that a template works out the name of may have another value`)];
  return [words(what), asCode(name), words(' has another value')];
}

function perNode<T extends { readonly uniqueId: string }>(
  found: readonly T[],
  fieldsOf: (one: T) => readonly string[],
  names: Names,
): Phrase[] {
  const shown = found.slice(0, 5).map((one) => {
    const fields = fieldsOf(one).slice(0, 5);
    return [
      asCode(names.node(one.uniqueId).name),
      ...(fields.length === 0
        ? []
        : [
            words(' ('),
            ...listedPhrases(
              fields.map((field) => [asCode(field)]),
              fieldsOf(one).length - fields.length,
            ),
            words(')'),
          ]),
    ];
  });
  return listedPhrases(shown, found.length - shown.length);
}
