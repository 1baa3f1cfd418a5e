import { copyFile, glob, mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const DUCKDB_PACKAGE = '@duckdb/node-bindings-linux-x64';
/** Where dbt v2 keeps drivers it has downloaded, below the user's cache folder, and the name it gives this one. */
const ADBC_FOLDER = 'com.getdbt/adbc/x86_64-manylinux_2_17-linux-gnu';
const ADBC_POSTGRES = 'libadbc_driver_postgresql-0.21.0+dbt0.21.0.so';

/** dbt v2 downloads its drivers when it first needs them; here they come from packages, so that nothing is downloaded. */
export interface FusionDrivers {
  /** Changes when the drivers do. */
  readonly key: string;
  /** Puts them into the virtual environment that holds dbt v2. */
  install(environment: string): Promise<void>;
  /** What dbt v2 needs to find and to be allowed to use them. */
  env(environment: string): Record<string, string>;
}

/** @throws Error of one line when this platform has none, or the package is missing. */
export async function fusionDrivers(): Promise<FusionDrivers> {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64') {
    throw new Error(`The drivers of dbt v2 are set up for linux-x64 only, and this is ${platform}`);
  }
  const packageJson = duckdbPackageJson();
  const { version } = JSON.parse(await readFile(packageJson, 'utf8')) as { version: string };
  return {
    key: `${DUCKDB_PACKAGE}@${version}`,
    install: async (environment) => {
      // v2 looks for it in the lib folders above its own program.
      await copyFile(join(dirname(packageJson), 'libduckdb.so'), join(environment, 'lib', 'libduckdb.so'));
      const postgres = await onlyFile(
        join(environment, 'lib/python*/site-packages/adbc_driver_postgresql/libadbc_driver_postgresql.so'),
      );
      const folder = join(cacheOf(environment), ADBC_FOLDER);
      await mkdir(folder, { recursive: true });
      await copyFile(postgres, join(folder, ADBC_POSTGRES));
    },
    env: (environment) => ({
      XDG_CACHE_HOME: cacheOf(environment),
      DBT_ALLOW_EXPERIMENTAL_ADAPTERS: 'true',
    }),
  };
}

function cacheOf(environment: string): string {
  return join(environment, 'cache');
}

function duckdbPackageJson(): string {
  try {
    // Resolved from its parent package, whose dependency it is.
    const parent = createRequire(import.meta.url).resolve('@duckdb/node-bindings/package.json');
    return createRequire(parent).resolve(`${DUCKDB_PACKAGE}/package.json`);
  } catch (cause) {
    throw new Error(
      `The npm package ${DUCKDB_PACKAGE} is missing: run npm ci without --omit=optional, on Linux with glibc`,
      { cause },
    );
  }
}

async function onlyFile(pattern: string): Promise<string> {
  for await (const path of glob(pattern)) return path;
  throw new Error(`There is no ${pattern}`);
}
