import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder of the ledger, beside the workspace: a checkout that is made anew must not take it along. */
export const LEDGER_FOLDER = 'ledger';

/** What the configuration says, and for a reader why. */
export const LEDGER_CONFIG = `\
# Where the results of runs are kept: a folder beside this checkout.
dedup-store: file:../${LEDGER_FOLDER}
# The data is the project's own seeds, which are files of it. Nothing else is loaded.
data: ignore
# A Postgres on the machine of the run may be a new, empty one each time, so what an earlier run built there
# is not trusted by itself. Here one server lives as long as the demo, and only its runs write there.
durable-target: true
`;

/** Gives the runs in a workspace a ledger. */
export async function configureLedger(workspace: string): Promise<void> {
  await writeFile(join(workspace, 'dbt-runcache.yml'), LEDGER_CONFIG);
}
