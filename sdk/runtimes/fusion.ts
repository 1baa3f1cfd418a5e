import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readOtelLine } from './otel/otel-record.ts';
import { createTranslator } from './otel/translate.ts';
import { type EventTap, runProcess } from './run-process.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';

/**
 * Runs dbt v2 (Fusion) once. It writes its telemetry, live, to the file DBT_OTEL_FILE_NAME names: with an absolute
 * path that is all that changes, its console and its log files stay as they are. Where the user wants that file for
 * themselves theirs is followed instead.
 */
export async function runFusion(request: RuntimeRequest): Promise<RuntimeEnd> {
  return runProcess(request, await tapOf(request));
}

async function tapOf(request: RuntimeRequest): Promise<EventTap | undefined> {
  const translate = createTranslator(request.onEvent);
  const onLine = (line: string): void => {
    const record = readOtelLine(line);
    if (record !== undefined) translate(record);
  };
  const { otelFile } = request;
  if (otelFile !== undefined) {
    if (otelFile.path === undefined) return undefined;
    // dbt adds to a file that is there: what earlier runs wrote is passed over.
    const fromByte = await stat(otelFile.path).then(
      (found) => found.size,
      () => 0,
    );
    return { env: {}, file: { path: otelFile.path, fromByte }, onLine };
  }
  if (request.workFolder === undefined) return undefined;
  const path = join(request.workFolder, 'otel.jsonl');
  return { env: { DBT_OTEL_FILE_NAME: path }, file: { path, fromByte: 0 }, onLine };
}
