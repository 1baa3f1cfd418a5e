import type { Options } from 'tsup';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

/** CommonJS packages that are loaded by `import()`, and what is taken from each. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  redis: ['createClient'],
  'google-auth-library': ['GoogleAuth'],
  // By google-auth-library, behind a proxy.
  'https-proxy-agent': ['HttpsProxyAgent'],
};
const FACADE = 'commonjs-on-demand';

/**
 * With splitting, esbuild gives an `import()` of CommonJS nothing but `default`, where Node gives the names too
 * (https://github.com/evanw/esbuild/issues/3245): code that works from source would find `undefined` in the bundle. So
 * such a package gets a small ES module in front of it. A build with one that is not listed fails.
 */
export function commonJsOnDemand(): EsbuildPlugin {
  return {
    name: FACADE,
    setup(build) {
      build.initialOptions.metafile = true;
      build.onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) =>
        kind === 'dynamic-import' && Object.hasOwn(TAKEN, path)
          ? { path, namespace: FACADE, pluginData: resolveDir }
          : undefined,
      );
      build.onLoad({ filter: /./, namespace: FACADE }, ({ path, pluginData }) => ({
        contents: `export { ${TAKEN[path]?.join(', ')} } from ${JSON.stringify(path)};`,
        resolveDir: pluginData as string,
      }));
      build.onEnd(({ metafile }) => ({
        errors: Object.entries(metafile?.inputs ?? {}).flatMap(([from, { imports }]) =>
          imports
            .filter(({ kind, path }) => kind === 'dynamic-import' && metafile?.inputs[path]?.format === 'cjs')
            .map(({ path }) => ({
              text: `${from} loads ${path}, which is CommonJS: list it in ${FACADE}.ts`,
            })),
        ),
      }));
    },
  };
}
