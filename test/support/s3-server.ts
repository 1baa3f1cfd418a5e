import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type GoProgram, goProgram } from './go-program.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

/** From 1.8.0 on it decides about the condition of a write and writes in one step. */
export const S3_SERVER: GoProgram = {
  path: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
};

/** What the AWS SDK finds in the environment. */
export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'not-a-secret-id',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret-s3-key',
} as const;

export interface S3Server extends LocalServer {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Where the object of a key is a file. Its time of change is the object's. */
  fileOf(key: string): string;
}

/** A server that speaks S3 and keeps objects as files, with one bucket. */
export async function startS3(): Promise<S3Server> {
  const program = await goProgram(S3_SERVER);
  const bucket = 'ledger';
  const server = await startLocalServer({
    command: (port, dir) => [program, '--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', dir],
    env: {
      ROOT_ACCESS_KEY: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
      ROOT_SECRET_KEY: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    },
  });
  // A folder is a bucket.
  await mkdir(join(server.dir, bucket));
  return {
    ...server,
    endpoint: `http://${server.host}:${server.port}`,
    region: 'us-east-1',
    bucket,
    fileOf: (key) => join(server.dir, bucket, key),
  };
}
