/**
 * Reads a manifest of 48,000 nodes and about 100 MB with readManifest() and with bare readFile and JSON.parse, each
 * time in a fresh Node, in alternating order. The time is that of the read alone, without the start of Node and the
 * loading of modules; the memory is the peak of the whole process. Fails when a ratio is over the limit.
 */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readManifest } from '../sdk/artifacts/read.ts';
import { writeManifestFile } from './manifest-file.ts';
import { inFreshNode, median, table } from './measure.ts';

const NODES = 48_000;
const SQL_BYTES = 600;
const ROUNDS = 7;
const LIMIT = 1.5;

interface Sample {
  readonly ms: number;
  readonly peakBytes: number;
}

const WAYS = {
  bare: async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')),
  ours: (path: string): Promise<unknown> => readManifest(path),
};

type Way = keyof typeof WAYS;

const [way, path] = process.argv.slice(2);
if (way !== undefined && path !== undefined) {
  console.log(JSON.stringify(await measure(way as Way, path)));
} else {
  process.exitCode = (await compare()) ? 0 : 1;
}

async function measure(way: Way, path: string): Promise<Sample> {
  const start = performance.now();
  const manifest = await WAYS[way](path);
  const ms = performance.now() - start;
  // Also keeps the manifest alive until here.
  const count = Object.keys((manifest as { nodes: object }).nodes).length;
  if (count !== NODES) throw new Error(`The manifest has ${count} nodes.`);
  return { ms, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

async function compare(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
  try {
    const file = join(folder, 'manifest.json');
    await writeManifestFile(file, NODES, SQL_BYTES);
    const { size } = await stat(file);
    const samples: Record<Way, Sample[]> = { bare: [], ours: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const order: readonly Way[] = round % 2 === 0 ? ['bare', 'ours'] : ['ours', 'bare'];
      for (const each of order) {
        samples[each].push(inFreshNode(fileURLToPath(import.meta.url), [each, file]) as Sample);
      }
    }
    return report(size, samples);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(size: number, samples: Record<Way, readonly Sample[]>): boolean {
  const time = compareBy(samples, (sample) => sample.ms);
  const memory = compareBy(samples, (sample) => sample.peakBytes);
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `manifest.json: ${NODES} nodes, ${mb(size)}; Node ${process.version}; median of ${ROUNDS} rounds\n`,
  );
  console.log(
    table([
      ['', 'readFile + JSON.parse', 'readManifest', 'ratio', 'lowest', 'highest', 'limit'],
      ['time', ms(time.bare), ms(time.ours), ...time.ratios, LIMIT.toFixed(2)],
      ['peak memory', mb(memory.bare), mb(memory.ours), ...memory.ratios, LIMIT.toFixed(2)],
    ]),
  );
  const passed = time.ratio <= LIMIT && memory.ratio <= LIMIT;
  console.log(passed ? '\nwithin the limit' : '\nOVER THE LIMIT');
  return passed;
}

/** The ratio is the median of the rounds' own ratios, so that a slow moment of the machine weighs on one round. */
function compareBy(samples: Record<Way, readonly Sample[]>, of: (sample: Sample) => number) {
  const bare = samples.bare.map(of);
  const ours = samples.ours.map(of);
  const each = ours.map((value, round) => value / (bare[round] ?? Number.NaN));
  const ratio = median(each);
  return {
    bare: median(bare),
    ours: median(ours),
    ratio,
    ratios: [ratio, Math.min(...each), Math.max(...each)].map((value) => value.toFixed(2)),
  };
}
