import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What becomes of the connections to a server.
 *
 * - `open`: nothing.
 * - `frozen`: what is sent arrives nowhere, and nobody says so.
 * - `no-reply`: what is sent arrives; the connection breaks where the reply would come.
 * - `shut`: connections break at once.
 */
export type GateMode = 'open' | 'frozen' | 'no-reply' | 'shut';

export interface TcpGate {
  readonly port: number;
  set(mode: GateMode): void;
  close(): Promise<void>;
}

/** A way to a server on this machine that can be disturbed. */
export async function tcpGate(serverPort: number): Promise<TcpGate> {
  let mode: GateMode = 'open';
  const sockets = new Set<Socket>();
  const gate = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    if (mode === 'shut') end();
    client.on('data', (bytes) => {
      if (mode === 'open' || mode === 'no-reply') server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (mode === 'open') client.write(bytes);
      if (mode === 'no-reply') end();
    });
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (gate.address() as AddressInfo).port,
    set: (next) => {
      mode = next;
      if (mode === 'shut') breakAll();
    },
    close: async () => {
      breakAll();
      await new Promise((resolve) => {
        gate.close(resolve);
      });
    },
  };
}
