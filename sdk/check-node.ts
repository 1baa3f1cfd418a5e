const NEEDED = [22, 20] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

// Loaded before everything else: what this package needs fails on an older Node with words that help nobody.
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  throw new Error(
    `dbt-runcache needs Node.js ${NEEDED.join('.')} or later; this is ${process.versions.node}. See https://nodejs.org`,
  );
}

export {};
