import type { DbtEvent } from './dbt-event.ts';
import { runProcess } from './run-process.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';
import { layTap } from './tap.ts';

/** Runs dbt Core 1.x once, listening through a Python module of ours (see tap.ts). */
export async function runCore(request: RuntimeRequest): Promise<RuntimeEnd> {
  if (request.workFolder === undefined) return runProcess(request, undefined);
  const tap = await layTap(request.workFolder, request.env);
  return runProcess(request, {
    env: tap.env,
    file: { path: tap.eventsPath, fromByte: 0 },
    onLine: (line) => handOver(line, request.onEvent),
  });
}

function handOver(line: string, onEvent: (event: DbtEvent) => void): void {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return;
  }
  if (isDbtEvent(event)) onEvent(event);
}

function isDbtEvent(value: unknown): value is DbtEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { info, data } = value as { info?: unknown; data?: unknown };
  if (typeof info !== 'object' || info === null) return false;
  if (typeof data !== 'object' || data === null) return false;
  const { name, msg } = info as { name?: unknown; msg?: unknown };
  return typeof name === 'string' && typeof msg === 'string';
}
