import { randomUUID } from 'node:crypto';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GcsServer, startGcs } from '../support/gcs-server.ts';
import { S3_CREDENTIALS, type S3Server, startS3 } from '../support/s3-server.ts';

const ROUNDS = 300;
const WRITERS = 4;

/** A conditional write with nothing of ours in it: the new tag, or undefined when the server refused. */
type RawPut = (
  writer: number,
  key: string,
  body: string,
  tag: string | undefined,
) => Promise<string | undefined>;

/** Whether the servers can be trusted to prove anything: these tests know no store. */
function provesItsConditions(name: string, put: RawPut): void {
  describe(`the conditions of the ${name} server`, () => {
    const race = async (key: string, tag: string | undefined): Promise<string> => {
      const tags = await Promise.all(
        Array.from({ length: WRITERS }, (_, writer) => put(writer, key, randomUUID(), tag)),
      );
      const won = tags.filter((one) => one !== undefined);
      expect(won).toHaveLength(1);
      return won[0] ?? '';
    };

    test(`${WRITERS} create an object at the same time: one does, ${ROUNDS} rounds`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) await race(`create/${round}`, undefined);
    });

    test(`${WRITERS} replace an object at the same time: one does, ${ROUNDS} rounds`, async () => {
      let tag = await race('replace', undefined);
      for (let round = 0; round < ROUNDS; round += 1) tag = await race('replace', tag);
    });
  });
}

describe('s3', () => {
  let server: S3Server;
  let clients: S3Client[];
  beforeAll(async () => {
    server = await startS3();
    const { endpoint, region } = server;
    const credentials = {
      accessKeyId: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
      secretAccessKey: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    };
    clients = Array.from(
      { length: WRITERS },
      () => new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 }),
    );
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await server.stop();
  });

  provesItsConditions('s3', async (writer, Key, Body, tag) => {
    const condition = tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag };
    const command = new PutObjectCommand({ Bucket: server.bucket, Key, Body, ...condition });
    try {
      return (await clients[writer]?.send(command))?.ETag;
    } catch (error) {
      expect(error).toMatchObject({ $metadata: { httpStatusCode: 412 } });
      return undefined;
    }
  });
});

describe('gcs', () => {
  let server: GcsServer;
  beforeAll(async () => {
    server = await startGcs();
  });
  afterAll(() => server.stop());

  provesItsConditions('gcs', async (_writer, name, body, tag) => {
    const query = new URLSearchParams({ uploadType: 'media', name, ifGenerationMatch: tag ?? '0' });
    const response = await fetch(`${server.endpoint}/upload/storage/v1/b/${server.bucket}/o?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body,
    });
    const answer = (await response.json()) as { readonly generation?: string };
    expect([200, 412]).toContain(response.status);
    return response.ok ? answer.generation : undefined;
  });
});
