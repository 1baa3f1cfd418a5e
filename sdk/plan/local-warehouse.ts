import type { Rendered } from './jinja.ts';

/** Warehouses that only exist as a service somewhere else. */
const CLOUD_ONLY = new Set([
  'athena',
  'bigquery',
  'databricks',
  'fabric',
  'glue',
  'redshift',
  'snowflake',
  'synapse',
]);

/**
 * Whether the warehouse lives on this machine, where an earlier run on another machine cannot have left anything:
 * a database file, localhost, or a host of one word such as a service container's. Undefined when it cannot be told.
 */
export function isLocalWarehouse(
  adapterType: string,
  value: (key: string) => Rendered | undefined,
): boolean | undefined {
  if (adapterType === 'duckdb') {
    const path = value('path');
    if (path === undefined) return true;
    return path.kind === 'value' ? !/^(md|motherduck):/i.test(String(path.value)) : undefined;
  }
  if (adapterType === 'sqlite') return true;
  const host = value('host') ?? value('server');
  if (host === undefined) return CLOUD_ONLY.has(adapterType) ? false : undefined;
  return host.kind === 'value' && typeof host.value === 'string' ? isLocalHost(host.value) : undefined;
}

function isLocalHost(host: string): boolean {
  const name = host.trim().toLowerCase();
  return (
    // A folder is that of a Unix socket.
    name.startsWith('/') ||
    name === '::1' ||
    name === '0.0.0.0' ||
    name.startsWith('127.') ||
    name.endsWith('.localhost') ||
    name === 'host.docker.internal' ||
    /^[a-z0-9_-]+$/.test(name)
  );
}
