/** The little of node-postgres that the rig uses. */
declare module 'pg' {
  interface ClientConfig {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  }
  class Client {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query(sql: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
    end(): Promise<void>;
  }
  const pg: { readonly Client: typeof Client };
  export default pg;
}
