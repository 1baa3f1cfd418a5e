import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Sender } from '../../sdk/stores/s3.ts';

/** A client that does something else before it deletes an entry. */
export function beforeDelete(client: S3Client, action: () => Promise<unknown>): S3Sender {
  return before(client, 'DELETE', '/entries/', action);
}

/** A client that does something else before it looks at a blob. */
export function beforeHead(client: S3Client, action: () => Promise<unknown>): S3Sender {
  return before(client, 'HEAD', '/blobs/', action);
}

function before(
  client: S3Client,
  requested: string,
  folder: string,
  action: () => Promise<unknown>,
): S3Sender {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { method, path } = args.request as { readonly method: string; readonly path: string };
      if (method === requested && path.includes(folder)) await action();
      return next(args);
    },
    { step: 'build', name: 'before' },
  );
  return client;
}

/** A client that does something else once its n-th write of an entry was answered. */
export function afterPut(client: S3Client, nth: number, action: () => Promise<unknown>): S3Sender {
  let puts = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const { method, path } = args.request as { readonly method: string; readonly path: string };
      if (method === 'PUT' && path.includes('/entries/')) puts += 1;
      const isNow = method === 'PUT' && puts === nth;
      const result = await next(args);
      if (isNow) await action();
      return result;
    },
    { step: 'build', name: 'afterPut' },
  );
  return client;
}

/** A client that leaves a header out of its requests, as a service would that does not know it. */
export function withoutHeader(config: S3ClientConfig, header: string, method: string): S3Sender {
  const client = new S3Client({ ...config, maxAttempts: 1 });
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { readonly method: string; readonly headers: Record<string, string> };
      if (request.method === method) delete request.headers[header];
      return next(args);
    },
    // Before the request is signed.
    { step: 'build', name: 'withoutHeader', priority: 'low' },
  );
  return client;
}
