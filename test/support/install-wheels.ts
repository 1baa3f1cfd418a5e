import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A package of Python's of a few hundred bytes. */
export interface TinyPackage {
  readonly name: string;
  readonly version: string;
  /** The command it installs. */
  readonly command?: string;
  /** What that does, a line of Python. Default: prints the package's name and version. */
  readonly does?: string;
  /** What is installed with it. */
  readonly needs?: string;
}

/** Makes wheels in a folder, which `--no-index --find-links <folder>` installs from. */
export async function makeWheels(folder: string, packages: readonly TinyPackage[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, version, command, does, needs } of packages) {
    const written = name.replaceAll('-', '_');
    const info = `${written}-${version}.dist-info`;
    const files: Record<string, string> = {
      [`${written}_tiny.py`]: `def main():\n    ${does ?? `print("${name} ${version}")`}\n`,
      [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${needs === undefined ? '' : `Requires-Dist: ${needs}\n`}`,
      [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    };
    if (command !== undefined)
      files[`${info}/entry_points.txt`] = `[console_scripts]\n${command} = ${written}_tiny:main\n`;
    const record = `${info}/RECORD`;
    files[record] = [...Object.keys(files), record].map((path) => `${path},,\n`).join('');
    await writeFile(join(folder, `${written}-${version}-py3-none-any.whl`), zip(files));
  }
}

/** Files as they are, none of them compressed. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, data] = [Buffer.from(path), Buffer.from(text)];
    // Version, flags, method, time, date (1980-01-01), sum, sizes, length of the name, of more.
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(33, 8);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((0o644 << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, rest, name]));
    bodies.push(entry);
    offset += entry.length;
  }
  const size = directory.reduce((sum, one) => sum + one.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(bodies.length, 8);
  end.writeUInt16LE(bodies.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}
