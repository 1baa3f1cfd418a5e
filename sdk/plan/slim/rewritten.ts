import { type GivenOption, optionSpans } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';

/**
 * dbt's arguments without some of their options, and with `added` right behind the subcommand: there they are the
 * subcommand's own, before any `--`. `added` must not end in an option that takes every word behind it.
 */
export function rewritten(
  args: readonly string[],
  engine: EngineKind,
  {
    without,
    added,
  }: { readonly without: (option: GivenOption) => boolean; readonly added: readonly string[] },
): readonly string[] {
  const { spans, commandEnd } = optionSpans(args, engine);
  const byStart = new Map(spans.map((span) => [span.from, span]));
  const kept: string[] = [];
  for (let at = 0; at <= args.length; ) {
    if (at === commandEnd) kept.push(...added);
    const span = byStart.get(at);
    const given = args.slice(at, span?.to ?? at + 1);
    if (span?.options.some(without) !== true) kept.push(...given);
    // `-qs model`: only the last letter takes something, and those before it stay.
    else if (span.options.length > 1) kept.push((given[0] ?? '').slice(0, span.options.length));
    at = span?.to ?? at + 1;
  }
  return kept;
}
