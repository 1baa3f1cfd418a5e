/**
 * One piece of a SQL text, exactly as written. `gap` is what stands between two literals that follow each other:
 * there a line end or a comment can decide whether the database joins them.
 */
export interface SqlToken {
  readonly kind: 'word' | 'number' | 'name' | 'literal' | 'operator' | 'hint' | 'gap';
  readonly text: string;
}
