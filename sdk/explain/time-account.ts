import type { RunReport } from '../result.ts';
import type { TimeAccount } from './explanation.ts';
import { counted, duration } from './format.ts';
import { executionSum } from './totals.ts';

/** What is known about time. Wall time that dbt State saved is never claimed: nobody ran the other way to compare. */
export function timeAccount(report: RunReport): TimeAccount {
  const { savings, state, decisions, wallMs, dedup } = report;
  if (dedup?.kind === 'replayed') return ofReplay(report);
  const nodeMs = executionSum(decisions);
  const known = { wallMs, ...(nodeMs !== undefined && { nodeMs }) };
  if (savings !== undefined) {
    return {
      ...known,
      saved: savings,
      saving: `${duration(savings.nodeMs)} of node time saved on ${counted(savings.nodes, 'node')}, as dbt State reports it.`,
      caveat: `The run itself took ${duration(wallMs)}; nodes run side by side, so how much sooner it ended is not known.`,
    };
  }
  const spared = decisions.some(({ action }) => action === 'reused' || action === 'cloned');
  const silent = state.kind === 'active' && spared;
  return {
    ...known,
    saving: silent ? 'dbt State reported no figure for the time it saved.' : '',
    caveat: silent ? `The run itself took ${duration(wallMs)}; how much sooner it ended is not known.` : '',
  };
}

/** No node ran, so there is no node time, and what dbt State saved once is not saved again. */
function ofReplay({ savings, wallMs }: RunReport): TimeAccount {
  if (savings === undefined) return { wallMs, saving: '', caveat: '' };
  return {
    wallMs,
    saving: `In that run, ${duration(savings.nodeMs)} of node time was saved on ${counted(savings.nodes, 'node')}, as dbt State reported it.`,
    caveat: 'That was saved once: this run adds nothing to it.',
  };
}
