import type { ChangeKind, MacroChange, NodeChange } from '../managed-state/node-change.ts';
import type { Phrase } from './explanation.ts';
import type { Names } from './managed-state-names.ts';
import { asCode, listedPhrases, words } from './phrase.ts';

/** Configs, macros or properties of one node that are named. */
const NAMED = 4;

/** What the code of a node is called; SQL where it is not said. */
const BODIES: Readonly<Record<string, string>> = {
  seed: 'its data',
  function: 'its code',
  unit_test: 'its definition',
};

type InWords = (change: NodeChange, names: Names) => readonly Phrase[];

const CHANGES: Readonly<Record<ChangeKind, InWords>> = {
  new: () => [words('new')],
  body: ({ uniqueId }) => [words(BODIES[uniqueId.split('.', 1)[0] ?? ''] ?? 'its SQL')],
  configs: ({ configs = [] }) =>
    configs.length === 0
      ? [words('its configs')]
      : [words(configs.length === 1 ? 'config ' : 'configs '), ...codes(configs)],
  relation: ({ relation = [] }) => [
    words('its table’s name'),
    ...(relation.length === 0 ? [] : [words(' ('), ...codes(relation), words(')')]),
  ],
  'persisted-descriptions': () => [words('persisted description')],
  macros: ({ macros = [] }, names) =>
    macros.length === 0
      ? [words('a macro it calls')]
      : listedPhrases(
          macros.slice(0, NAMED).map((macro) => macroInWords(macro, names)),
          macros.length - NAMED,
          'more macros',
        ),
  contract: () => [words('its contract')],
  path: () => [words('its folder')],
  // A unit test has one field that is compared, a checksum of its whole definition.
  properties: ({ properties = [] }) =>
    properties.length === 0
      ? [words('other properties')]
      : properties.length === 1 && properties[0] === 'checksum'
        ? [words('its definition')]
        : codes(properties),
};

function macroInWords({ macro, via }: MacroChange, names: Names): readonly Phrase[] {
  const path = via.slice(0, NAMED).map((id) => [asCode(names.macro(id))]);
  return [
    words('macro '),
    asCode(names.macro(macro)),
    ...(path.length === 0
      ? []
      : [words(', called by way of '), ...listedPhrases(path, via.length - path.length)]),
  ];
}

function codes(texts: readonly string[]): Phrase[] {
  const shown = texts.slice(0, NAMED).map((text) => [asCode(text)]);
  return listedPhrases(shown, texts.length - shown.length);
}

/** What of a node has changed. A new one is new, and that says it all. */
export function changeInWords(change: NodeChange, names: Names): readonly Phrase[] {
  if (change.kinds.includes('new')) return CHANGES.new(change, names);
  if (change.kinds.length === 0) return [words('not known')];
  // Semicolons: what is between them has commas of its own.
  return change.kinds.flatMap((kind, index) => [
    ...(index === 0 ? [] : [words('; ')]),
    ...CHANGES[kind](change, names),
  ]);
}
