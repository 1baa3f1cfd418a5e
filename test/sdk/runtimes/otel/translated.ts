import { readFile } from 'node:fs/promises';
import type { DbtEvent } from '../../../../sdk/runtimes/dbt-event.ts';
import { readOtelLine } from '../../../../sdk/runtimes/otel/otel-record.ts';
import { createTranslator } from '../../../../sdk/runtimes/otel/translate.ts';

/** Lines of a telemetry file that dbt 2.0.0-preview.196 wrote, on DuckDB. */
export async function recorded(name: string): Promise<readonly string[]> {
  const url = new URL(`../../../fixtures/dbt-v2/${name}.otel.jsonl`, import.meta.url);
  return (await readFile(url, 'utf8')).trimEnd().split('\n');
}

export function translated(lines: readonly string[]): readonly DbtEvent[] {
  const events: DbtEvent[] = [];
  const translate = createTranslator((event) => events.push(event));
  for (const line of lines) {
    const record = readOtelLine(line);
    if (record !== undefined) translate(record);
  }
  return events;
}

/** One record as dbt v2 writes it, with what a test says of it. */
export function line(
  type: string,
  fields: {
    readonly record_type?: string;
    readonly attributes?: object;
    readonly body?: string;
    readonly severity_number?: number;
    readonly status?: object;
    readonly trace_id?: string;
  },
): string {
  const nano = '1795264222164251109';
  return JSON.stringify({
    record_type: 'SpanEnd',
    trace_id: '01a1fe1613707342ba5e17dc02e66caf',
    start_time_unix_nano: nano,
    end_time_unix_nano: nano,
    time_unix_nano: nano,
    severity_number: 9,
    event_type: `v1.public.events.fusion.some.${type}`,
    attributes: {},
    ...fields,
  });
}

export const BEGUN = line('Process', { record_type: 'SpanStart' });
