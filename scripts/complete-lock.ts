/**
 * Adds to package-lock.json the packages for other platforms that `npm install` leaves out when the registry at hand
 * does not have them; `npm ci` refuses a lock without them. Run after `npm install`. What is added has no integrity,
 * since nothing was downloaded.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const PATH = 'package-lock.json';
/** npm's names for what stands in the packages' names. */
const SYSTEMS: Readonly<Record<string, string>> = { windows: 'win32' };
for (const name of 'aix android darwin freebsd linux netbsd openbsd openharmony sunos win32'.split(' ')) {
  Object.assign(SYSTEMS, { [name]: name });
}
const PROCESSORS: Readonly<Record<string, string>> = { ppc64le: 'ppc64', ppc64el: 'ppc64', amd64: 'x64' };
for (const name of 'arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x wasm32 x64'.split(' ')) {
  Object.assign(PROCESSORS, { [name]: name });
}

const lock = JSON.parse(readFileSync(PATH, 'utf8')) as { packages: Record<string, LockedPackage> };
const { '': root = {}, ...packages } = lock.packages;
const added: Record<string, LockedPackage> = {};
for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const inside = `${path}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (!(inside in packages) && !(hoisted in packages)) added[hoisted] = entryOf(name, range);
  }
}
const all = Object.entries({ ...packages, ...added }).sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(
  PATH,
  `${JSON.stringify({ ...lock, packages: { '': root, ...Object.fromEntries(all) } }, null, 2)}\n`,
);
console.log(`${Object.keys(added).length} packages for other platforms added`);

function entryOf(name: string, range: string): LockedPackage {
  const version = /^[~^]?(\d+\.\d+\.\d+\S*)$/.exec(range)?.[1];
  const words = name.split(/[-./@]/);
  const os = words.map((word) => SYSTEMS[word]).find((found) => found !== undefined);
  const cpu = words.map((word) => PROCESSORS[word]).find((found) => found !== undefined);
  if (version === undefined || (os === undefined && cpu === undefined)) {
    throw new Error(`Cannot tell what ${name}@${range} is for: add it to ${PATH} by hand`);
  }
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : os === 'linux' && words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    version,
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    dev: true,
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  };
}
