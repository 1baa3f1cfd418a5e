import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from './python-env.ts';

const SCRIPT = fileURLToPath(new URL('./scripted_state_service.py', import.meta.url));

/** A State service that answers as told (see scripted_state_service.py), for the official plugin to talk to. */
export interface ScriptedStateService {
  /** What dbt's environment must hold to use it. */
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

export async function startScriptedStateService(script: object): Promise<ScriptedStateService> {
  const { python } = await pythonEnv();
  const child = spawn(python, [SCRIPT, '--port', '0', '--script', JSON.stringify(script)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), ended]);
  if (typeof first[0] !== 'string') throw new Error('The scripted State service ended before it listened.');
  const { port } = JSON.parse(first[0]) as { port: number };
  return {
    env: {
      RUN_CACHE_API_URL: `127.0.0.1:${port}`,
      RUN_CACHE_API_SECURE: 'false',
      RUN_CACHE_OAUTH_CLIENT_SECRET: 'not-a-secret-client',
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
