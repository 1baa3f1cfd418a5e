import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the login service answers to every request for a token. */
export type TokenAnswer =
  /** OAuth's way to decline, e.g. `invalid_client`. */
  | { readonly refuses: string; readonly description?: string }
  /** The way it declines a dbt platform token. */
  | { readonly detail: string }
  /** A token whose bearer may use these organizations. */
  | { readonly organizations: readonly string[]; readonly disabled?: readonly string[] };

/** A login service for the official plugin to ask for tokens. It speaks plain HTTP and never says no to a name. */
export interface TokenService {
  /** What dbt's environment must hold to use it. */
  readonly env: Record<string, string>;
  /** The `grant_type` of each request it answered. */
  readonly grants: readonly string[];
  stop(): Promise<void>;
}

export async function startTokenService(answer: TokenAnswer): Promise<TokenService> {
  const grants: string[] = [];
  const { status, body } = reply(answer);
  const server = createServer((request, response) => {
    let form = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      form += text;
    });
    request.on('end', () => {
      const grant = new URLSearchParams(form).get('grant_type');
      if (grant !== null) grants.push(grant);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: { RUN_CACHE_AUTH_URL: url, RUN_CACHE_TOKEN_URL: `${url}/token` },
    grants,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function reply(answer: TokenAnswer): { status: number; body: object } {
  if ('refuses' in answer) {
    return { status: 401, body: { error: answer.refuses, error_description: answer.description ?? '' } };
  }
  if ('detail' in answer) return { status: 401, body: { detail: answer.detail } };
  const scopes = [
    ...answer.organizations.map((id) => `runcache:scope:org:${id}:developer`),
    ...(answer.disabled ?? []).map((id) => `runcache:scope:app:${id}:developer`),
  ].join(' ');
  return {
    status: 200,
    body: {
      token_type: 'Bearer',
      expires_in: 3600,
      access_token: 'opaque',
      id_token: unsigned({ scope: scopes }),
    },
  };
}

/** A JSON Web Token that nobody vouches for: the plugin reads it and leaves the proof to the server. */
function unsigned(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.signature`;
}
