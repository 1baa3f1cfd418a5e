import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpGate {
  readonly endpoint: string;
  /** Requests that came by, e.g. `GET /path`. */
  readonly requests: string[];
  /** Done before a request goes on to the server. */
  before: (request: IncomingMessage) => Promise<void>;
  /** Answers in place of the server, where it gives an answer. */
  instead: (request: IncomingMessage) => HttpAnswer | undefined;
  /** Changes the status of the server's own answers. */
  status: (status: number) => number;
  /** Changes the headers of the server's own answers. */
  headers: (headers: IncomingHttpHeaders) => IncomingHttpHeaders;
  close(): Promise<void>;
}

/** A way to an HTTP server on this machine that can put in a word. */
export async function httpGate(serverPort: number): Promise<HttpGate> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const answer = gate.instead(incoming);
    if (answer !== undefined) {
      incoming
        .resume()
        .on('end', () =>
          outgoing.writeHead(answer.status, { 'content-type': typeOf(answer.body) }).end(answer.body),
        );
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ port: serverPort, host: '127.0.0.1', method, path: url, headers }, (reply) => {
      outgoing.writeHead(gate.status(reply.statusCode ?? 500), gate.headers(reply.headers));
      reply.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    void gate.before(incoming).then(() => incoming.pipe(onward));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate: HttpGate = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    before: async () => undefined,
    instead: () => undefined,
    status: (status) => status,
    headers: (headers) => headers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return gate;
}

function typeOf(body: string): string {
  return body.startsWith('<') ? 'application/xml' : 'application/json';
}
