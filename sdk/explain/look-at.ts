import type { NodeDecision } from '../decisions/decision.ts';
import type { RunReport } from '../result.ts';
import { finishedRun } from './earlier-run.ts';
import type { ExplainedNode, LookAt } from './explanation.ts';
import { capitalised, counted } from './format.ts';
import { webAddress, words } from './phrase.ts';
import { typeInWords } from './resource-type.ts';

/** How many names of held-up nodes are carried. */
const HELD_NAMES = 5;

/**
 * What a person should open.
 * @param failed and `warned`: the explained nodes of those groups, in their order.
 */
export function lookAt(
  report: RunReport,
  failed: readonly ExplainedNode[],
  warned: readonly ExplainedNode[],
): readonly LookAt[] {
  const held = heldByCause(report.decisions);
  return [
    ...runFailure(report),
    ...failed.map((node): LookAt => {
      const names = held.get(node.uniqueId);
      return {
        kind: 'failure',
        node,
        title: title(node),
        message: node.message ?? '',
        ...(names !== undefined && { held: { count: names.length, names: names.slice(0, HELD_NAMES) } }),
      };
    }),
    ...warned.map(
      (node): LookAt => ({ kind: 'warning', node, title: title(node), message: node.message ?? '' }),
    ),
  ];
}

/** Failed nodes speak for themselves; any other failure is about the run. */
function runFailure({ failure, decisions, state, dedup, ledger }: RunReport): LookAt[] {
  if (failure === undefined) return [];
  if (failure.code === 'nodes-failed' && decisions.some((node) => node.failed)) return [];
  return [
    {
      kind: 'run',
      title: 'Why the run was not done',
      message: failure.message,
      ...(failure.hint !== undefined &&
        !pointsAt(failure.hint, failure.outputTail) &&
        !(dedup?.kind !== 'replayed' && state.kind === 'inactive' && state.trouble.fix === failure.hint) && {
          hint: failure.hint,
        }),
      ...(failure.outputTail !== undefined && { outputTail: failure.outputTail }),
      ...(webAddress(ledger?.run?.url) !== undefined &&
        ledger?.run !== undefined && {
          see: [words('Look at '), ...finishedRun(ledger.run, 'the other run'), words('.')],
        }),
    },
  ];
}

/** To be told to read what stands right below helps nobody. */
function pointsAt(hint: string, outputTail: string | undefined): boolean {
  return (outputTail ?? '').trim() !== '' && /^Read the end of what (?:it|dbt) printed\.?$/.test(hint);
}

function title(node: ExplainedNode): string {
  const rows =
    node.failures !== undefined && node.failures > 0 ? `: ${counted(node.failures, 'row')} found` : '';
  if (node.resourceType === 'source') {
    if (node.status?.toLowerCase() === 'runtime error') return 'Freshness could not be measured';
    return node.failed ? 'Source is too old (error)' : 'Source is old (warning)';
  }
  const stored = node.action === 'reused' ? ' (stored result, it did not run again)' : '';
  return `${capitalised(typeInWords(node.resourceType))} ${node.failed ? 'failed' : 'warned'}${rows}${stored}`;
}

/**
 * Names of the nodes that were skipped because of each failed one. A skipped node names what it waited for, which
 * may have been skipped itself, so the way is followed to where it began.
 */
function heldByCause(decisions: readonly NodeDecision[]): Map<string, string[]> {
  const waitsFor = new Map<string, string>();
  for (const node of decisions) {
    if (node.because === 'upstream-failed' && node.detail !== undefined)
      waitsFor.set(node.uniqueId, node.detail);
  }
  const causes = new Map<string, string>();
  const causeOf = (start: string): string => {
    const way = new Set<string>();
    let at = start;
    // Ends at a node that waits for nothing, at a known answer, or where a circle closes.
    while (!way.has(at)) {
      way.add(at);
      const known = causes.get(at);
      if (known !== undefined) {
        at = known;
        break;
      }
      at = waitsFor.get(at) ?? at;
    }
    for (const id of way) causes.set(id, at);
    return at;
  };
  const held = new Map<string, string[]>();
  for (const node of decisions) {
    if (!waitsFor.has(node.uniqueId)) continue;
    const cause = causeOf(node.uniqueId);
    const names = held.get(cause);
    if (names === undefined) held.set(cause, [node.name]);
    else names.push(node.name);
  }
  return held;
}
