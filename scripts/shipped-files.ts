import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Options } from 'tsup';
import { thirdPartyNotices } from './third-party-notices.ts';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

export interface ShippedFiles {
  /** Files to copy: source path to path in the output folder. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Files to write: path in the output folder to content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where the licenses of the packages inside the bundle go. */
  readonly notices?: string;
}

/** Puts files beside a bundle that are part of it and not JavaScript. */
export function shippedFiles(
  outDir: string,
  { copies = {}, files = {}, notices }: ShippedFiles,
): EsbuildPlugin {
  return {
    name: 'shipped-files',
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(async ({ metafile }) => {
        const write = async (path: string, content: string): Promise<void> => {
          await mkdir(dirname(join(outDir, path)), { recursive: true });
          await writeFile(join(outDir, path), content);
        };
        for (const [from, to] of Object.entries(copies)) {
          await mkdir(dirname(join(outDir, to)), { recursive: true });
          await copyFile(from, join(outDir, to));
        }
        for (const [path, content] of Object.entries(files)) await write(path, content);
        if (notices !== undefined && metafile !== undefined)
          await write(notices, thirdPartyNotices(metafile));
      });
    },
  };
}
