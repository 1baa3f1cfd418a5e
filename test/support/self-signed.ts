import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface SelfSigned {
  /** Path of the certificate. */
  readonly cert: string;
  /** Path of its private key. */
  readonly key: string;
  /** The certificate itself. */
  readonly text: string;
  remove(): Promise<void>;
}

/** A certificate for `localhost` that nobody trusts yet. Needs the program `openssl`. */
export async function selfSigned(): Promise<SelfSigned> {
  const dir = await mkdtemp(join(tmpdir(), 'runcache-cert-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  await promisify(execFile)('openssl', [...args, ...names, '-keyout', key, '-out', cert]).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('openssl is missing: apt-get install openssl');
  });
  return {
    cert,
    key,
    text: await readFile(cert, 'utf8'),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
