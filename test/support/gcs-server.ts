import { type GoProgram, goProgram } from './go-program.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

export const GCS_SERVER: GoProgram = { path: 'github.com/fsouza/fake-gcs-server', version: 'v1.56.1' };

export interface GcsServer extends LocalServer {
  readonly endpoint: string;
  readonly bucket: string;
}

/** A server that speaks the JSON API of Google Cloud Storage, in memory, with one bucket. It asks for no credentials. */
export async function startGcs(): Promise<GcsServer> {
  const program = await goProgram(GCS_SERVER);
  const server = await startLocalServer({
    command: (port) => [
      ...[program, '-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)],
      ...['-backend', 'memory', '-log-level', 'error', '-public-host', `127.0.0.1:${port}`],
    ],
  });
  const endpoint = `http://${server.host}:${server.port}`;
  const bucket = 'ledger';
  const made = await fetch(`${endpoint}/storage/v1/b`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: bucket }),
  });
  if (!made.ok) throw new Error(`The bucket could not be made: ${await made.text()}`);
  return { ...server, endpoint, bucket };
}
