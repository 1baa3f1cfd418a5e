// Starts a server, says where it is, and then waits to be ended in one way or another.
import { startPostgres } from '../support/postgres.ts';

const {
  stop: _stop,
  createDatabase: _create,
  dropDatabase: _drop,
  query: _query,
  ...address
} = await startPostgres();
process.stdout.write(`${JSON.stringify(address)}\n`);
if (process.argv[2] === 'wait') setInterval(() => undefined, 1000);
