import { GCS_SERVER } from './gcs-server.ts';
import { goProgram } from './go-program.ts';
import { S3_SERVER } from './s3-server.ts';

/** Builds every server before any test waits for one. */
export default async function setup(): Promise<void> {
  for (const program of [S3_SERVER, GCS_SERVER]) await goProgram(program, (line) => console.log(line));
}
