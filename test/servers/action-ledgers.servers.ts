import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeStepRig, type StepEnd, type StepRig } from '../action/step.ts';
import { closedPort } from '../support/closed-port.ts';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { type GcsServer, startGcs } from '../support/gcs-server.ts';
import { type HttpAnswer, type HttpGate, httpGate } from '../support/http-gate.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { S3_CREDENTIALS, type S3Server, startS3 } from '../support/s3-server.ts';

/** The built Action, as a process, with ledgers whose libraries are in chunks of its bundle. */
const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);

async function makeRig(address: string, more = ''): Promise<StepRig> {
  const config = `dedup-store: "${address}"\ndata: ignore\ndurable-target: true\n${more}`;
  const rig = await makeStepRig(PASSES, { 'models/orders.sql': 'select 1', 'dbt-runcache.yml': config });
  addFakeAdapter(rig.dbt);
  return rig;
}

/** All that is shown to people; the runner reads its masks and shows them to nobody. */
const shown = ({ stdout, stderr, summary }: StepEnd): string =>
  stdout.replaceAll(/^::add-mask::.*$/gm, '') + stderr + summary;

const traceOf = ({ dbt }: StepRig): string => join(dbt.venv, 'seen.json');

async function expectReplay(address: string, env: Record<string, string> = {}): Promise<void> {
  const rig = await makeRig(address);
  const first = await rig.run({}, env);
  expect(first, first.stdout).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed', built: '1' } });
  expect(first.summary).not.toContain('could not be asked');
  // As a new runner would find it.
  rmSync(join(rig.workspace, 'target'), { recursive: true, force: true });
  rmSync(traceOf(rig));
  const second = await rig.run({}, env);
  expect(second, second.stdout).toMatchObject({ exitCode: 0, outputs: { outcome: 'replayed', built: '1' } });
  expect(existsSync(traceOf(rig))).toBe(false);
}

async function redisServer(): Promise<RedisServer> {
  const server = await startRedis();
  onTestFinished(server.stop);
  return server;
}

async function gateTo(port: number): Promise<HttpGate> {
  const gate = await httpGate(port);
  onTestFinished(gate.close);
  return gate;
}

describe('redis', () => {
  test('the second run takes the result of the first', async () => {
    const { url } = await redisServer();
    await expectReplay('redis:LEDGER_URL', { LEDGER_URL: url });
  });

  test('a refused password: dbt runs, with a warning that does not repeat it', async () => {
    const { port } = await redisServer();
    const rig = await makeRig('redis:LEDGER_URL');
    const step = await rig.run({}, { LEDGER_URL: `redis://:wrong-pass%40word@127.0.0.1:${port}` });
    expect(step, step.stdout).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed' } });
    expect(step.stdout).toContain('WRONGPASS');
    expect(shown(step)).not.toMatch(/wrong-pass/);
  });

  test.each([
    ['redis:LEDGER_URL', 'LEDGER_URL'],
    ['redis://:hunter2@127.0.0.1:6379', 'password'],
  ])('%s without a variable is refused before dbt starts', async (address, said) => {
    const rig = await makeRig(address);
    const step = await rig.run();
    expect(step).toMatchObject({ exitCode: 1, outputs: { 'failure-code': 'invalid-options' } });
    expect(existsSync(traceOf(rig))).toBe(false);
    expect(step.stdout).toContain(said);
    expect(shown(step)).not.toMatch(/hunter2|npm install/);
  });

  test('a server that cannot be reached ends the run where that is asked for', async () => {
    const rig = await makeRig(`redis://127.0.0.1:${await closedPort()}`, 'on-unavailable: fail\n');
    const step = await rig.run();
    expect(step).toMatchObject({ exitCode: 1, outputs: { 'failure-code': 'dedup-unavailable' } });
    expect(step.stdout).toContain('ECONNREFUSED');
    expect(existsSync(traceOf(rig))).toBe(false);
  });
});

describe('s3', () => {
  async function s3(): Promise<S3Server> {
    const server = await startS3();
    onTestFinished(server.stop);
    return server;
  }
  const addressOf = ({ bucket, region, endpoint }: S3Server): string =>
    `s3://${bucket}/action?${new URLSearchParams({ region, endpoint, 'force-path-style': 'true' })}`;
  /** Gives credentials as the services of Amazon do. */
  async function credentialsFrom(
    { port }: S3Server,
    answers: Readonly<Record<string, string>>,
  ): Promise<HttpGate> {
    const gate = await gateTo(port);
    gate.instead = ({ method, url }): HttpAnswer => {
      const body = answers[`${method} ${url}`];
      return body === undefined ? { status: 404, body: '{}' } : { status: 200, body };
    };
    return gate;
  }
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = S3_CREDENTIALS;
  const Expiration = '2100-01-01T00:00:00Z';
  const given = JSON.stringify({
    Code: 'Success',
    AccessKeyId: id,
    SecretAccessKey: secret,
    Token: '',
    Expiration,
  });

  test('the second run takes the result of the first, with credentials of the environment', async () => {
    await expectReplay(addressOf(await s3()), { ...S3_CREDENTIALS });
  });

  test('credentials of a role that is assumed with a token of the job', async () => {
    const server = await s3();
    const credentials = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>`;
    const result = `<Credentials>${credentials}<Expiration>${Expiration}</Expiration></Credentials>`;
    const name = 'AssumeRoleWithWebIdentity';
    const gate = await credentialsFrom(server, {
      'POST /': `<${name}Response><${name}Result>${result}</${name}Result></${name}Response>`,
    });
    const token = join(server.dir, 'token');
    writeFileSync(token, 'not-a-secret-token');
    await expectReplay(addressOf(server), {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/ledger',
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: gate.endpoint,
      AWS_REGION: server.region,
    });
    expect(gate.requests).toContain('POST /');
  });

  test('credentials of a container', async () => {
    const server = await s3();
    const gate = await credentialsFrom(server, { 'GET /credentials': given });
    await expectReplay(addressOf(server), {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${gate.endpoint}/credentials`,
    });
  });

  test('credentials of an instance', async () => {
    const server = await s3();
    const path = '/latest/meta-data/iam/security-credentials/';
    const gate = await credentialsFrom(server, {
      'PUT /latest/api/token': 'not-a-secret-token',
      [`GET ${path}`]: 'runner',
      [`GET ${path}runner`]: given,
    });
    await expectReplay(addressOf(server), { AWS_EC2_METADATA_SERVICE_ENDPOINT: gate.endpoint });
  });

  test('credentials that are refused: dbt runs, with a warning that does not repeat them', async () => {
    const rig = await makeRig(addressOf(await s3()));
    const step = await rig.run({}, { ...S3_CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'wrong-s3-key' });
    expect(step, step.stdout).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed' } });
    expect(step.stdout).toContain('SignatureDoesNotMatch');
    expect(shown(step)).not.toContain('wrong-s3-key');
  });
});

describe('gcs', () => {
  /** What a job gets that proves who it is by a token of its own. */
  async function gcs(): Promise<{ server: GcsServer; gate: HttpGate; env: Record<string, string> }> {
    const server = await startGcs();
    onTestFinished(server.stop);
    const gate = await gateTo(server.port);
    gate.instead = ({ url }) => (url === '/token' ? { status: 200, body: JSON.stringify(TOKEN) } : undefined);
    const [subject, credentials] = [join(server.dir, 'subject'), join(server.dir, 'credentials.json')];
    writeFileSync(subject, 'not-a-secret-subject');
    writeFileSync(
      credentials,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${gate.endpoint}/token`,
        credential_source: { file: subject },
      }),
    );
    return { server, gate, env: { GOOGLE_APPLICATION_CREDENTIALS: credentials } };
  }
  const addressOf = ({ bucket, endpoint }: GcsServer): string =>
    `gs://${bucket}/action?${new URLSearchParams({ endpoint })}`;

  test('the second run takes the result of the first, with the application default credentials', async () => {
    const { server, gate, env } = await gcs();
    await expectReplay(addressOf(server), env);
    expect(gate.requests).toContain('POST /token');
  });

  test('the token comes through a proxy, where there is one', async () => {
    const { server, gate, env } = await gcs();
    const proxy = await proxyTunnel();
    await expectReplay(addressOf(server), { ...env, HTTPS_PROXY: proxy.url });
    expect(new Set(proxy.connected)).toEqual(new Set([new URL(gate.endpoint).host]));
  });

  test('without credentials: dbt runs, with a warning', async () => {
    const { server, env } = await gcs();
    writeFileSync(env['GOOGLE_APPLICATION_CREDENTIALS'] ?? '', '{"type": "not-a-type"}');
    const rig = await makeRig(addressOf(server));
    const step = await rig.run({}, env);
    expect(step, step.stdout).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed' } });
    expect(step.stdout).toContain('no access token');
  });
});

const TOKEN = {
  access_token: 'not-a-secret-token',
  token_type: 'Bearer',
  expires_in: 3600,
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
};

/** A proxy that opens tunnels, and keeps where to. */
async function proxyTunnel(): Promise<{ readonly url: string; readonly connected: readonly string[] }> {
  const connected: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    connected.push(url);
    const { hostname, port } = new URL(`http://${url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, connected };
}
