import { scrypt } from 'node:crypto';
import { isSecretName } from '../environment.ts';
import { isSecretField } from '../secret-fields.ts';

/** About 50 ms and 16 MiB a guess. Fixed: another cost makes another key of every run with a secret. */
const COST = { N: 1 << 14, r: 8, p: 1 } as const;
const BYTES = 16;

/**
 * What stands for a secret in a key: the same for the same value under one name. Who reads a ledger sees digests of
 * this, and has to pay for every guess.
 * @param name Whose value it is, e.g. `env DB_PASSWORD`: one secret in two places has two hashes.
 * @returns Hex.
 */
export function slowHash(name: string, secret: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(secret, `dbt-runcache\0${name}`, BYTES, COST, (error, hash) => {
      if (error === null) resolve(hash.toString('hex'));
      else reject(error);
    });
  });
}

/** Whether a name that people chose, of a variable of dbt's, says that it holds a secret. */
export function namesSecret(name: string): boolean {
  return isSecretName(name.toUpperCase().replace(/\W+/g, '_')) || isSecretField(name);
}

/** Whether such a name stands anywhere in a text. */
function mentionsSecret(text: string): boolean {
  return (text.match(/[\w.-]+/g) ?? []).some(namesSecret);
}

/** A text of arguments as it is, or the hash of one that names a secret. */
export async function shownText(name: string, text: string): Promise<string> {
  return mentionsSecret(text) ? `(secret) ${await slowHash(name, text)}` : text;
}
