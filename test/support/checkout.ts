import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What git and the code under test see of the environment: no settings of this machine, nothing of a CI system. */
export const CHECKOUT_ENV = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere', GIT_CONFIG_NOSYSTEM: '1' };

const EVERYONE = { name: 'x', email: 'x@y' };

/** A work tree of git's. */
export interface Checkout {
  readonly dir: string;
  git(...args: readonly string[]): string;
  /** Writes files, by name, and commits everything; returns the full SHA. */
  commit(files: Readonly<Record<string, string>>): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** The full SHA of what a name stands for. */
  sha(name?: string): string;
}

export function checkoutAt(dir: string): Checkout {
  /** Commits of one second would have one name. */
  let seconds = 1_767_225_600;
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', `user.name=${EVERYONE.name}`, '-c', `user.email=${EVERYONE.email}`, ...args], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...CHECKOUT_ENV,
        GIT_AUTHOR_DATE: `${++seconds} +0000`,
        GIT_COMMITTER_DATE: `${seconds} +0000`,
      },
    }).trim();
  const write: Checkout['write'] = async (files) => {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), content);
    }
  };
  const sha = (name = 'HEAD'): string => git('rev-parse', '--verify', `${name}^{commit}`);
  return {
    dir,
    git,
    write,
    sha,
    commit: async (files) => {
      await write(files);
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', Object.keys(files).join(', ') || 'nothing');
      return sha();
    },
  };
}

/** A repository with one branch, `main`, and no commits. */
export async function newCheckout(dir: string): Promise<Checkout> {
  await mkdir(dir, { recursive: true });
  const checkout = checkoutAt(dir);
  checkout.git('init', '-q', '-b', 'main');
  checkout.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  return checkout;
}

/**
 * A clone, over the same protocol as from elsewhere.
 * @param depth How many commits it has of each branch. Default: all.
 */
export async function cloneOf(origin: string, dir: string, depth?: number): Promise<Checkout> {
  await mkdir(dir, { recursive: true });
  const checkout = checkoutAt(dir);
  const shallow = depth === undefined ? [] : [`--depth=${depth}`];
  checkout.git('clone', '-q', ...shallow, `file://${origin}`, '.');
  return checkout;
}

/** What actions/checkout does: one commit, detached, of a ref or a commit; no other branch is known. */
export async function actionsCheckout(origin: string, dir: string, what: string): Promise<Checkout> {
  const checkout = await newCheckout(dir);
  checkout.git('remote', 'add', 'origin', `file://${origin}`);
  checkout.git('fetch', '-q', '--no-tags', '--depth=1', 'origin', what);
  checkout.git('checkout', '-q', '--detach', 'FETCH_HEAD');
  return checkout;
}
