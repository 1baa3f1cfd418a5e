import { loadPeer } from './peer.ts';
import type { RedisSender } from './redis.ts';

/** A connection that is made when it is needed, and made anew when it broke. */
export interface RedisConnection {
  /** Loads what it takes to connect. Time spent here says nothing about the server. */
  ready(): Promise<void>;
  get(): Promise<RedisSender>;
  /** Gives the present connection up: the next call makes another one. */
  drop(): void;
  close(): Promise<void>;
}

/** The caller's own client, which only the caller closes. */
export function givenConnection(client: RedisSender): RedisConnection {
  return {
    ready: async () => undefined,
    get: async () => client,
    drop: () => undefined,
    close: async () => undefined,
  };
}

/**
 * A connection of our own. It never reconnects behind our back: a command of a broken connection fails at once, rather
 * than wait in a queue for a server that may not come back.
 */
export function ownConnection(url: string, timeoutMs: number): RedisConnection {
  type Client = Awaited<ReturnType<typeof open>>;
  let current: Promise<Client> | undefined;

  const library = () => loadPeer(() => import('redis'), 'redis', 'redis');
  const open = async () => {
    const { createClient } = await library();
    const client = createClient({
      url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: false, connectTimeout: timeoutMs },
    });
    // What broke the connection is told by the commands it breaks.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  const drop = (): void => {
    const dropped = current;
    current = undefined;
    void dropped?.then(destroy, () => undefined);
  };
  const destroy = (client: Client): void => {
    if (client.isOpen) client.destroy();
  };

  return {
    ready: async () => void (await library()),
    get: async () => {
      const before = current;
      // Of those who find it broken at the same time, one makes the new one.
      if (
        before !== undefined &&
        !(await before.then(
          ({ isReady }) => isReady,
          () => false,
        )) &&
        current === before
      )
        drop();
      current ??= open();
      return current;
    },
    drop,
    close: async () => {
      const last = current;
      current = undefined;
      await last?.then(destroy, () => undefined);
    },
  };
}
