import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGcs } from '../support/gcs-server.ts';
import { httpGate } from '../support/http-gate.ts';
import { startRedis } from '../support/redis-server.ts';
import { S3_CREDENTIALS, startS3 } from '../support/s3-server.ts';
import { storeExample } from '../support/store-example.ts';

async function expectReplay(name: string, env: Readonly<Record<string, string>>): Promise<void> {
  const example = await storeExample(name, 'postgres', env);
  onTestFinished(example.remove);
  expect(await example.run()).toEqual(['executed: no-record', 'publishing alone']);
  expect(await example.run()).toEqual(['replayed', 'publishing alone']);
}

describe('the second run takes the result of the first: the example of the store', () => {
  test('redis', async () => {
    const server = await startRedis();
    onTestFinished(server.stop);
    await expectReplay('redis', { REDIS_URL: server.url });
  });

  test('s3', async () => {
    const server = await startS3();
    onTestFinished(server.stop);
    const query = new URLSearchParams({
      region: server.region,
      endpoint: server.endpoint,
      'force-path-style': 'true',
    });
    await expectReplay('s3', { ...S3_CREDENTIALS, LEDGER: `s3://${server.bucket}/example?${query}` });
  });

  test('gcs', async () => {
    const server = await startGcs();
    onTestFinished(server.stop);
    const gate = await httpGate(server.port);
    onTestFinished(gate.close);
    gate.instead = ({ url }) => (url === '/token' ? { status: 200, body: JSON.stringify(TOKEN) } : undefined);
    const folder = await mkdtemp(join(tmpdir(), 'example-credentials-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const credentials = join(folder, 'credentials.json');
    await writeFile(join(folder, 'subject'), 'not-a-secret-subject');
    await writeFile(
      credentials,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${gate.endpoint}/token`,
        credential_source: { file: join(folder, 'subject') },
      }),
    );
    const query = new URLSearchParams({ endpoint: gate.endpoint });
    await expectReplay('gcs', {
      GOOGLE_APPLICATION_CREDENTIALS: credentials,
      LEDGER: `gs://${server.bucket}/example?${query}`,
    });
  });
});

const TOKEN = {
  access_token: 'not-a-secret-token',
  token_type: 'Bearer',
  expires_in: 3600,
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
};
