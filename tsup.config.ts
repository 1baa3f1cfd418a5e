import { defineConfig, type Options } from 'tsup';
import { commonJsOnDemand } from './scripts/commonjs-on-demand.ts';
import { lightActionsCore } from './scripts/light-actions-core.ts';
import { shippedFiles } from './scripts/shipped-files.ts';

const TAP = { 'sdk/runtimes/tap/dbt_runcache_tap.py': 'tap/dbt_runcache_tap.py' };

/** Each has an export path of its own, so that nobody loads the library of another one. */
const STORES = ['memory', 'file', 'redis', 's3', 'gcs', 'actions-cache', 'git-ref'];

const common: Options = {
  format: ['esm'],
  platform: 'node',
  splitting: true,
  clean: true,
  dts: false,
  sourcemap: false,
  silent: true,
  // Declarations come from `tsc`, see scripts/build.ts.
  config: false,
};

const selfContained: Options = {
  minify: true,
  // @actions/cache tells its errors apart by the names of their classes.
  keepNames: true,
  // CommonJS inside the bundle asks for Node's own modules through `require`. Old Nodes do not know `node:module`.
  banner: {
    js: "import{createRequire as __runcacheRequire}from'module';const require=__runcacheRequire(import.meta.url);",
  },
};

/** Left outside of the bundle, which would move it behind the imports of dependencies. */
const checkedFirst: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'checked-first',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/check-node\.ts$/ }, ({ kind }) =>
      kind === 'import-statement'
        ? { path: './check-node.js', external: true, sideEffects: true }
        : undefined,
    );
  },
};

/** The package; dependencies stay outside. */
export function sdkBuild(outDir: string): Options {
  return {
    ...common,
    name: 'sdk',
    entry: {
      // A file of its own, so that it runs before what the others import.
      'check-node': 'sdk/check-node.ts',
      index: 'sdk/index.ts',
      ...Object.fromEntries(STORES.map((name) => [`stores/${name}`, `sdk/stores/${name}.ts`])),
    },
    outDir,
    target: 'node22',
    esbuildPlugins: [
      checkedFirst,
      shippedFiles(outDir, {
        copies: {
          ...TAP,
          'sdk/cli/log-event.schema.json': 'schemas/log-event.json',
          'sdk/config/config.schema.json': 'schemas/config.json',
          'sdk/decision-log/decision-log.schema.json': 'schemas/decision-log.json',
          'sdk/diagnose/diagnosis.schema.json': 'schemas/diagnosis.json',
          'sdk/dedup/ledger-record.schema.json': 'schemas/ledger-record.json',
        },
      }),
    ],
  };
}

/** The command line: everything inside, since dbt waits for what is loaded before it starts; not the libraries of ledgers. */
export function cliBuild(outDir: string): Options {
  return {
    ...common,
    ...selfContained,
    name: 'cli',
    entry: { main: 'sdk/cli/main.ts' },
    // All but what one ledger alone needs: who has that ledger installs it.
    noExternal: [/^(?!(?:@aws-sdk\/client-s3|google-auth-library|redis)$)/],
    outDir,
    target: 'node22',
    esbuildPlugins: [shippedFiles(outDir, { copies: TAP, notices: 'THIRD_PARTY_NOTICES.txt' })],
  };
}

/** The Action: everything inside, in entry files and chunks that are loaded when needed, each ledger's library among them. */
export function actionBuild(outDir: string): Options {
  return {
    ...common,
    ...selfContained,
    name: 'action',
    entry: { main: 'action/main.ts', post: 'action/post.ts' },
    // Nobody can install anything beside it. The two left out are for browsers, and for Nodes without web streams.
    noExternal: [/^(?!bowser$|web-streams-polyfill\/)/],
    external: ['bowser', /^web-streams-polyfill\//],
    outDir,
    target: 'node24',
    esbuildPlugins: [
      lightActionsCore(),
      commonJsOnDemand(),
      shippedFiles(outDir, {
        copies: TAP,
        files: { 'package.json': '{"type":"module"}\n' },
        notices: 'THIRD_PARTY_NOTICES.txt',
      }),
    ],
  };
}

export default defineConfig([sdkBuild('dist/sdk'), cliBuild('dist/sdk/cli'), actionBuild('dist/action')]);
