import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readOtelLine } from './otel/otel-record.ts';
import { createTranslator } from './otel/translate.ts';
import { type EventTap, runProcess } from './run-process.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';

/**
 * Runs dbt v2 (Fusion) once. It writes its telemetry, live, to the file DBT_OTEL_FILE_NAME names: with an absolute
 * path that is all that changes, its console and its log files stay as they are. Where the user wants that file for
 * themselves theirs is followed instead. Others may write to that one at the same time, so the run is given an id to
 * know it by; where the user has given it one, which others may have as well, dbt runs unheard.
 */
export async function runFusion(request: RuntimeRequest): Promise<RuntimeEnd> {
  return runProcess(request, await tapOf(request));
}

async function tapOf(request: RuntimeRequest): Promise<EventTap | undefined> {
  const { otelFile } = request;
  if (otelFile !== undefined) {
    if (otelFile.path === undefined || hasId(request)) return undefined;
    // dbt adds to a file that is there: what earlier runs wrote is passed over.
    const fromByte = await stat(otelFile.path).then(
      (found) => found.size,
      () => 0,
    );
    const id = randomUUID();
    return {
      env: { [INVOCATION_ID]: id },
      file: { path: otelFile.path, fromByte },
      onLine: reader(request, id),
    };
  }
  if (request.workFolder === undefined) return undefined;
  const path = join(request.workFolder, 'otel.jsonl');
  return { env: { DBT_OTEL_FILE_NAME: path }, file: { path, fromByte: 0 }, onLine: reader(request) };
}

function reader({ onEvent }: RuntimeRequest, id?: string): EventTap['onLine'] {
  const translate = createTranslator(onEvent, id);
  return (line) => {
    const record = readOtelLine(line);
    if (record !== undefined) translate(record);
  };
}

const INVOCATION_ID = 'DBT_INVOCATION_ID';

/** Whether the user names the invocation. */
function hasId({ args, env }: RuntimeRequest): boolean {
  return (
    [INVOCATION_ID, 'DBT_ENGINE_INVOCATION_ID'].some((name) => env[name] !== undefined) ||
    args.some((arg) => /^--invocation-id(?:=|$)/.test(arg))
  );
}
