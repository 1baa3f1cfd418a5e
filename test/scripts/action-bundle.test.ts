import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, type Options } from 'tsup';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { commonJsOnDemand } from '../../scripts/commonjs-on-demand.ts';
import { actionBuild } from '../../tsup.config.ts';

/** The part of esbuild's metafile that is read. */
interface Chunk {
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
  readonly entryPoint?: string;
}

const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'bundle-'));

describe("the Action's bundle", () => {
  let chunks: Readonly<Record<string, Chunk>> = {};
  let notices = '';

  beforeAll(async () => {
    const folder = makeFolder();
    const options = actionBuild(folder);
    const keepsMetafile: NonNullable<Options['esbuildPlugins']>[number] = {
      name: 'keeps-metafile',
      setup: (setup) =>
        setup.onEnd(({ metafile }) => {
          chunks = Object.fromEntries(
            Object.entries(metafile?.outputs ?? {}).map(([path, chunk]) => [basename(path), chunk]),
          );
        }),
    };
    await build({ ...options, esbuildPlugins: [...(options.esbuildPlugins ?? []), keepsMetafile] });
    notices = readFileSync(join(folder, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
    rmSync(folder, { recursive: true });
  }, 60_000);

  /** Packages in a chunk and in all that it imports before it starts. */
  function packagesFor(entryPoint: string): string[] {
    const seen = new Set(
      Object.keys(chunks).filter((name) => chunks[name]?.entryPoint?.endsWith(entryPoint)),
    );
    expect(seen.size).toBe(1);
    const packages = new Set<string>();
    for (const name of seen) {
      for (const [path, { bytesInOutput }] of Object.entries(chunks[name]?.inputs ?? {})) {
        const found = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
        if (found !== undefined && bytesInOutput > 0) packages.add(found);
      }
      for (const { path, kind } of chunks[name]?.imports ?? [])
        if (kind === 'import-statement' && basename(path) in chunks) seen.add(basename(path));
    }
    return [...packages].sort();
  }

  test('starts with the library of the runner alone', () => {
    expect(packagesFor('action/main.ts')).toEqual(['@actions/core']);
    expect(packagesFor('action/post.ts')).toEqual(['@actions/core']);
  });

  test('runs dbt without the library of any ledger', () => {
    const packages = packagesFor('sdk/index.ts');
    expect(packages).toEqual(expect.arrayContaining(['execa', 'yaml', 'zod']));
    expect(packages.filter((name) => /^@aws|smithy|redis|google|gaxios|fetch/.test(name))).toEqual([]);
  });

  test.each([
    ['sdk/stores/redis.ts', 'redis'],
    ['sdk/stores/s3.ts', '@aws-sdk/client-s3'],
    ['sdk/stores/gcs.ts', 'google-auth-library'],
  ])('%s comes without its library, which is in a chunk of its own', (store, library) => {
    expect(packagesFor(store)).toEqual([]);
    const holders = Object.entries(chunks).filter(([, { inputs }]) =>
      Object.keys(inputs).some((path) => path.includes(`node_modules/${library}/`)),
    );
    expect(holders.length).toBeGreaterThan(0);
    expect(notices).toContain(`\n${library}@`);
  });

  test('looks for nothing outside of itself but what it can do without', () => {
    const outside = Object.values(chunks)
      .flatMap(({ imports }) => imports)
      .filter(({ path, external }) => external === true && !builtinModules.includes(path))
      .map(({ path }) => path);
    expect([...new Set(outside)].sort()).toEqual([
      // Behind a `catch` of its own, each.
      '@node-rs/xxhash',
      '@opentelemetry/api',
      'web-streams-polyfill/dist/ponyfill.es2018.js',
    ]);
  });
});

test('CommonJS that is loaded by import() and not listed fails the build', async () => {
  const folder = makeFolder();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules/not-listed'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/not-listed/index.js'), 'exports.createClient = () => 1;');
  const entry = join(folder, 'main.js');
  writeFileSync(entry, "console.log((await import('not-listed')).createClient());");
  const options: Options = {
    ...{ entry: [entry], outDir: join(folder, 'out'), format: ['esm'], config: false, silent: true },
    ...{ splitting: true, noExternal: [/./], esbuildPlugins: [commonJsOnDemand()] },
  };
  await expect(build(options)).rejects.toThrow(
    /main\.js loads .*not-listed.*list it in commonjs-on-demand\.ts/,
  );
});
