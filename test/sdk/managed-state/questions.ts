/** What dbt is asked: the selector, and which tests come along with the nodes it finds. */
export const QUESTIONS = {
  modified: ['state:modified', 'empty'],
  new: ['state:new', 'empty'],
  old: ['state:old', 'empty'],
  unmodified: ['state:unmodified', 'empty'],
  'modified.body': ['state:modified.body', 'empty'],
  'modified.configs': ['state:modified.configs', 'empty'],
  'modified.relation': ['state:modified.relation', 'empty'],
  'modified.persisted_descriptions': ['state:modified.persisted_descriptions', 'empty'],
  'modified.macros': ['state:modified.macros', 'empty'],
  'modified.contract': ['state:modified.contract', 'empty'],
  'modified+': ['state:modified+', 'empty'],
  'modified with its tests': ['state:modified', 'eager'],
} as const;

/** What dbt listed, by the name of the question; or the error it ended with. */
export type Answers = Readonly<Record<string, readonly string[] | { readonly error: string }>>;
