import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const QUIET = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/**
 * Loads a page and returns its document as the browser made it of the text, after the page's own scripts have run.
 * @throws Error that says what to install when there is no chromium.
 */
export async function browsedDom(html: string, size: { width: number; height: number }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rendered-'));
  try {
    const page = join(folder, 'page.html');
    await writeFile(page, html);
    const args = [
      ...QUIET,
      `--user-data-dir=${join(folder, 'profile')}`,
      `--window-size=${size.width},${size.height}`,
      '--dump-dom',
      pathToFileURL(page).href,
    ];
    const { stdout } = await run('chromium', args, { maxBuffer: 64 << 20 }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw new Error('chromium is missing: apt-get install chromium');
        throw error;
      },
    );
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
