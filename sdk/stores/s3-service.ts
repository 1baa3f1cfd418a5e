import type { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { readBounded } from '../util/read-bounded.ts';
import { reasonOf } from '../util/reason.ts';
import { ageOf, type ObjectService } from './object-service.ts';
import type { Trouble } from './within.ts';

type Library = typeof import('@aws-sdk/client-s3');

/** The library and a client of it; both only when they are needed. */
export interface S3Connection {
  readonly library: Library;
  readonly client: Pick<S3Client, 'send'>;
}

export interface S3ServiceOptions {
  readonly bucket: string;
  readonly connect: () => Promise<S3Connection>;
  readonly hide: (text: string) => string;
  readonly close: () => Promise<void>;
}

/** S3's words for what an object store is asked for. */
export function s3Service({ bucket, connect, hide, close }: S3ServiceOptions): ObjectService {
  const trouble = (thrown: unknown): Trouble => {
    const { status, name } = facts(thrown);
    const text = hide(reasonOf(thrown));
    return {
      kind: 'unknown',
      why: name === undefined || text.includes(name) ? text : `${name}: ${text}`,
      again: status === undefined || status >= 500 || status === 429,
    };
  };

  return {
    kind: 's3',
    ready: async () => void (await connect()),
    get: async (key, maxBytes, signal) => {
      const { library, client } = await connect();
      const command = new library.GetObjectCommand({ Bucket: bucket, Key: key });
      const date = dateOf(command);
      try {
        const found = await client.send(command, { abortSignal: signal });
        const ageMs = ageOf(date(), found.LastModified?.getTime() ?? Number.NaN);
        if (found.Body === undefined || found.ETag === undefined || ageMs === undefined) return incomplete();
        const bytes = await readBounded(found.Body as AsyncIterable<Uint8Array>, maxBytes);
        if (bytes === undefined)
          return { kind: 'unknown', why: `larger than ${maxBytes} bytes`, again: false };
        return { kind: 'found', bytes, tag: found.ETag, ageMs };
      } catch (error) {
        return facts(error).name === 'NoSuchKey' ? { kind: 'absent' } : trouble(error);
      }
    },
    put: async (key, bytes, condition, signal) => {
      const { library, client } = await connect();
      const command = new library.PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bytes,
        ...(condition.kind === 'absent' ? { IfNoneMatch: '*' } : {}),
        ...(condition.kind === 'tag' ? { IfMatch: condition.tag } : {}),
      });
      try {
        const { ETag } = await client.send(command, { abortSignal: signal });
        return ETag === undefined ? incomplete() : { kind: 'written', tag: ETag };
      } catch (error) {
        const { status, name, attempts } = facts(error);
        // A client that tried twice may have been refused because of its own first try.
        const once = attempts === undefined || attempts === 1;
        if (once && (status === 412 || (status === 404 && name === 'NoSuchKey'))) return { kind: 'refused' };
        if (once && (status === 409 || status === 429 || name === 'SlowDown'))
          return { kind: 'busy', why: trouble(error).why };
        return trouble(error);
      }
    },
    remove: async (key, tag, signal) => {
      const { library, client } = await connect();
      await client.send(new library.DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: tag }), {
        abortSignal: signal,
      });
      return true;
    },
    removeOld: async ({ key, tag }, minAgeMs, signal) => {
      const { library, client } = await connect();
      // No service can be asked to delete by age: looked at once more, so that little time is left for another put.
      const command = new library.HeadObjectCommand({ Bucket: bucket, Key: key });
      const date = dateOf(command);
      const { ETag, LastModified } = await client.send(command, { abortSignal: signal });
      const ageMs = ageOf(date(), LastModified?.getTime() ?? Number.NaN);
      if (ETag !== tag || ageMs === undefined || ageMs <= minAgeMs) return false;
      await client.send(new library.DeleteObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal: signal,
      });
      return true;
    },
    list: async (prefix, next, signal) => {
      const { library, client } = await connect();
      const command = new library.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(next === undefined ? {} : { ContinuationToken: next }),
      });
      const date = dateOf(command);
      try {
        const page = await client.send(command, { abortSignal: signal });
        const objects = (page.Contents ?? []).flatMap(({ Key: key, ETag: tag = '', LastModified }) =>
          key === undefined
            ? []
            : [{ key, tag, ageMs: ageOf(date(), LastModified?.getTime() ?? Number.NaN) }],
        );
        return { kind: 'page', objects, next: page.NextContinuationToken };
      } catch (error) {
        return trouble(error);
      }
    },
    close,
  };
}

function incomplete(): Trouble {
  return { kind: 'unknown', why: 'the answer has no ETag, Last-Modified or Date', again: false };
}

interface Facts {
  readonly status: number | undefined;
  readonly name: string | undefined;
  readonly attempts: number | undefined;
}

/** What the library's errors carry. A failed connection has no status. */
function facts(thrown: unknown): Facts {
  const { name, $metadata } = thrown as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  };
  return {
    status: $metadata?.httpStatusCode,
    name: name === 'Error' ? undefined : name,
    attempts: $metadata?.attempts,
  };
}

/** When the service answered a command, by its own clock; NaN before, and where it did not say. */
function dateOf(command: GetObjectCommand | HeadObjectCommand | ListObjectsV2Command): () => number {
  let date = Number.NaN;
  (command as GetObjectCommand).middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = Date.parse(headersOf(result.response)['date'] ?? '');
      return result;
    },
    { step: 'deserialize', name: 'readDate' },
  );
  return () => date;
}

function headersOf(response: unknown): Readonly<Record<string, string>> {
  return (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers ?? {};
}
