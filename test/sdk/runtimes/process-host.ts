/**
 * Runs one program through `startProcess` with output 'tee', as a process of its own, so that a test can look at what
 * reaches its stdout. argv: JSON of `{command, secrets, stopOnFirstOutput}`. Ends by printing the end as JSON on stderr.
 */
import { startProcess } from '../../../sdk/runtimes/process.ts';
import { createRedactor } from '../../../sdk/util/redact.ts';

const {
  command,
  secrets = [],
  killAt,
} = JSON.parse(process.argv[2] ?? '{}') as {
  command: string[];
  secrets?: string[];
  killAt?: string;
};
const running = await startProcess({
  command,
  args: [],
  cwd: process.cwd(),
  env: { PATH: process.env['PATH'] ?? '' },
  output: 'tee',
  redactor: createRedactor(secrets),
});
if (killAt !== undefined) {
  const timer = setInterval(() => {
    if (!running.outputTail().includes(killAt)) return;
    clearInterval(timer);
    running.signal('SIGKILL');
  }, 20);
}
const end = await running.ended;
process.stderr.write(
  `\n${JSON.stringify({ ...end, tailLength: running.outputTail().length, tail: running.outputTail().slice(-40), rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) })}`,
);
