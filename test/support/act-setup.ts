import { ACT } from './act.ts';
import { goProgram } from './go-program.ts';
import { S3_SERVER } from './s3-server.ts';

/** Builds the runner, and the server of a bucket, before any test waits for them. */
export default async function setup(): Promise<void> {
  for (const program of [ACT, S3_SERVER]) await goProgram(program, (line) => console.log(line));
}
