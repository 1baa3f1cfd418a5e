import type { Phrase } from './explanation.ts';
import { asCode, words } from './phrase.ts';

type KnownPart =
  | 'code'
  | 'packages'
  | 'command'
  | 'selection'
  | 'vars'
  | 'target'
  | 'profile'
  | 'env'
  | 'engine'
  | 'state'
  | 'warehouse'
  | 'data'
  | 'managed-state';

interface PartWords {
  /** The part as a whole. */
  readonly whole: string;
  /** Items that have a name of their own among people. */
  readonly named?: Readonly<Record<string, string>>;
  /** Any other item of it. */
  readonly item: (item: string) => readonly Phrase[];
}

const PARTS: Readonly<Record<KnownPart, PartWords>> = {
  code: { whole: 'the files of the project', item: (path) => [asCode(path)] },
  packages: {
    whole: 'the packages',
    item: (path) => [words(/[/.]/.test(path) ? 'the package file ' : 'the package '), asCode(path)],
  },
  command: {
    whole: 'the command',
    named: {
      command: 'the command',
      words: 'the words after the command',
      arguments: 'the arguments',
      'key-ignore': 'the paths of key-ignore',
    },
    // An option stands for itself, and so does an artifact of an earlier run that dbt is pointed at.
    item: (name) => (name.startsWith('DBT_') ? variable(name) : [asCode(name)]),
  },
  selection: { whole: 'the selection', item: (option) => [asCode(option)] },
  vars: {
    whole: 'the project’s vars',
    named: { 'the whole text': 'the text of --vars' },
    item: (name) => [asCode(`vars.${name}`)],
  },
  target: {
    whole: 'the target',
    named: { profile: 'the name of the profile', target: 'the name of the target' },
    item: (name) => [words('the target’s '), asCode(name)],
  },
  profile: {
    whole: 'the profile',
    item: (name) => {
      if (name.startsWith('variable ')) return variable(name.slice('variable '.length));
      return name.startsWith('profiles.yml: ') ? [asCode(name)] : [words('the profile’s '), asCode(name)];
    },
  },
  env: { whole: 'the environment variables', item: variable },
  engine: {
    whole: 'the versions of dbt and its adapter',
    named: {
      kind: 'the kind of dbt (1.x or v2)',
      dbt: 'the dbt version',
      python: 'the Python version',
      adapter: 'the version of the adapter',
      state: 'the version of the dbt State plugin',
    },
    item: (name) =>
      name.startsWith('package ')
        ? [words('the Python package '), asCode(name.slice('package '.length))]
        : [asCode(name)],
  },
  state: {
    whole: 'the settings of dbt State',
    named: { mode: 'whether dbt State was left on', 'switched off by': 'what switches dbt State off' },
    item: (name) => [words('dbt State’s setting '), asCode(name.replace(/^setting /, ''))],
  },
  warehouse: { whole: 'the warehouse', item: (name) => [words('the warehouse’s '), asCode(name)] },
  data: {
    whole: 'the data in the warehouse',
    named: { version: 'the data version', ignored: 'whether the data matters' },
    item: (name) => [words('the data of '), asCode(name)],
  },
  'managed-state': {
    whole: 'the state it is compared with',
    named: {
      state: 'the state it is compared with',
      mode: 'how it is compared with a state',
      selection: 'what the comparison with a state selects',
      fresher: 'which sources have newer data',
    },
    item: (name) => [words('the comparison’s '), asCode(name)],
  },
};

function variable(name: string): readonly Phrase[] {
  return [words('the variable '), asCode(name)];
}

/** A part of a key in words; one that is not known as it is. */
export function partInWords(name: string): readonly Phrase[] {
  return isKnown(name) ? [words(PARTS[name].whole)] : [asCode(name)];
}

/** An item of a part in words; of a part that is not known, both as they are. */
export function itemInWords(part: string, item: string): readonly Phrase[] {
  if (!isKnown(part)) return [asCode(`${part}.${item}`)];
  const { named = {}, item: others } = PARTS[part];
  return Object.hasOwn(named, item) ? [words(named[item] ?? item)] : others(item);
}

function isKnown(name: string): name is KnownPart {
  return Object.hasOwn(PARTS, name);
}
