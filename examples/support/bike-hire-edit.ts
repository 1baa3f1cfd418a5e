import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An edit as a pull request may bring it: one word renamed, and the surcharge two models later is gone. */
export const EDIT = {
  path: 'models/staging/stg_bikes.sql',
  before: '    kind as bike_kind,',
  after: "    case kind when 'electric' then 'e-bike' else kind end as bike_kind,",
  expected:
    "the step fails. The edit renames 'electric' to 'e-bike', and rides.sql charges extra for 'electric'.",
  failingTest: 'accepted_values_stg_bikes_bike_kind__classic__electric__cargo',
} as const;

/** @throws Error when the model is not what the edit was written for. */
export async function applyEdit(projectDir: string): Promise<void> {
  const path = join(projectDir, EDIT.path);
  const model = await readFile(path, 'utf8');
  if (!model.includes(EDIT.before))
    throw new Error(`${EDIT.path} has no line "${EDIT.before.trim()}" to edit`);
  await writeFile(path, model.replace(EDIT.before, EDIT.after));
}
