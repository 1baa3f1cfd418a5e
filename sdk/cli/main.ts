#!/usr/bin/env node
// This file must be readable by an old Node, so that it can say what is missing. Everything else loads later.
const NEEDED = [22, 20] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `dbt-runcache needs Node.js ${NEEDED.join('.')} or later; this is ${process.versions.node} (${process.execPath}). See https://nodejs.org\n`,
  );
  process.exitCode = 2;
} else {
  // No await: it is no word of an old Node's scripts.
  void import('./cli.ts').then(({ runCli }) => runCli(process.argv.slice(2)));
}

export {};
