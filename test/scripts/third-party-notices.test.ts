import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { thirdPartyNotices } from '../../scripts/third-party-notices.ts';

/** Packages by name, with their files; the notices of a bundle that holds code of all of them. */
function noticesOf(packages: Record<string, Record<string, string | object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'notices-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, files] of Object.entries(packages)) {
    const manifest = { name, version: '1.0.0', ...(files['package.json'] as object) };
    for (const [path, content] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
      const file = join(folder, 'node_modules', name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  const inputs = Object.keys(packages).map((name) => [
    join(folder, 'node_modules', name, 'lib/index.js'),
    { bytesInOutput: 1 },
  ]);
  return thirdPartyNotices({ outputs: { 'main.js': { inputs: Object.fromEntries(inputs) } } });
}

const MIT = { license: 'MIT' };

test('the text a package holds, once for those with the same', () => {
  const notices = noticesOf({
    'b-package': { 'package.json': MIT, LICENSE: 'The text of b' },
    '@scope/a': { 'package.json': MIT, 'LICENSE.md': 'The text of a\r\n' },
    'a-package': { 'package.json': MIT, 'license.txt': 'The text of a' },
  });
  expect(notices).toContain('\n@scope/a@1.0.0 (MIT)\na-package@1.0.0 (MIT)\n\nThe text of a\n');
  expect(notices.split('The text of a')).toHaveLength(2);
  expect(notices).toContain('\nb-package@1.0.0 (MIT)\n\nThe text of b\n');
});

test('the text in its README, where it is not only named there', () => {
  const readme =
    '# Package\n\nWords.\n\nLicense\n-------\n\nCopyright (c) 2014 Someone\n\nPermission is granted.\n';
  const notices = noticesOf({ one: { 'package.json': MIT, 'README.md': readme } });
  expect(notices).toMatch(
    /\none@1\.0\.0 \(MIT\), from its README\n\nCopyright \(c\) 2014 Someone\n\nPermission/,
  );
  expect(notices).not.toContain('Words');
  const named = { 'package.json': { ...MIT, author: 'Someone' }, 'README.md': '# P\n\n## License\n\nMIT\n' };
  expect(noticesOf({ named })).toContain('It holds no license text; this is the standard one.');
});

test('the standard text of the license it declares, with its author', () => {
  const notices = noticesOf({
    one: { 'package.json': { ...MIT, author: 'Someone <someone@example.com>' } },
    two: { 'package.json': { license: 'Apache-2.0', author: { name: 'A Team' } } },
    redis: { 'package.json': MIT },
  });
  expect(notices).toMatch(
    /\none@1\.0\.0 \(MIT\), by Someone <someone@example\.com>\. It holds no license text/,
  );
  expect(notices).toMatch(/\ntwo@1\.0\.0 \(Apache-2\.0\), by A Team\. It holds no license text/);
  expect(notices).toMatch(/\nredis@1\.0\.0 \(MIT\), Copyright \(c\) \d+-\d+, Redis, inc\. It holds/);
  expect(notices).toContain('THE SOFTWARE IS PROVIDED "AS IS"');
  expect(notices).toContain('Version 2.0, January 2004');
});

test.each([
  ['no license at all', { author: 'Someone' }, 'no license named'],
  ['a license without a text here', { license: 'CC-BY-4.0', author: 'Someone' }, 'CC-BY-4.0'],
  ['no author beside a standard text', MIT, 'names no author'],
])('%s fails the build', (_what, manifest, said) => {
  expect(() => noticesOf({ one: { 'package.json': manifest } })).toThrow(said);
  expect(() => noticesOf({ one: { 'package.json': manifest } })).toThrow('one@1.0.0');
});
