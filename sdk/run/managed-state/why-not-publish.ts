import type { PublishedState } from '../../managed-state/state-report.ts';
import { type Coverage, coversProject } from '../../plan/slim/covers-project.ts';
import { defaultSelectorOf } from '../../plan/slim/default-selector.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { StateDesk } from './state-desk.ts';

type NotPublished = Extract<PublishedState, { kind: 'not-published' }>;

/** Why `publish: auto` keeps nothing of a run, however it ends. Undefined: it keeps its state. */
export async function whyNotPublish(
  run: RunContext,
  plan: Plan,
  desk: StateDesk,
): Promise<NotPublished | undefined> {
  const production = await desk.production();
  if (production.kind !== 'yes') {
    const because = production.kind === 'no' ? 'not-default-branch' : 'unknown-branch';
    return { kind: 'not-published', because, why: production.why };
  }
  const covered = await coverageOf(plan, run.args);
  switch (covered.kind) {
    case 'whole':
      return undefined;
    case 'partial':
      return { kind: 'not-published', because: 'partial', why: covered.because };
    case 'command':
      return { kind: 'not-published', because: 'command', why: covered.why };
  }
}

export async function coverageOf(plan: Plan, args: readonly string[]): Promise<Coverage> {
  return coversProject({
    args,
    commandLine: plan.inputs.commandLine,
    engine: plan.engine.kind,
    env: plan.inputs.dotEnv.env,
    defaultSelector: await defaultSelectorOf(plan.project?.dir ?? plan.cwd),
  });
}
