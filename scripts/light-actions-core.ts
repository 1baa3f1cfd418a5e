import type { Options } from 'tsup';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

const CORE = /[\\/]@actions[\\/]core[\\/]/;

/**
 * Lets the bundler leave out what @actions/core imports for OpenID tokens and for starting processes and nobody
 * here uses: an HTTP client, most of its start-up time. Importing those files does nothing by itself, but the
 * packages do not say so.
 */
export function lightActionsCore(): EsbuildPlugin {
  return {
    name: 'light-actions-core',
    setup(build) {
      build.onResolve(
        { filter: /^@actions\/|^\.\// },
        async ({ path, kind, importer, resolveDir, pluginData }) => {
          if (pluginData === build || (path.startsWith('.') && !CORE.test(importer))) return undefined;
          const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: build });
          return found.errors.length > 0 ? undefined : { ...found, sideEffects: false };
        },
      );
    },
  };
}
