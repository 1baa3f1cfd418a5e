const LEFT_MS = 1000;

/**
 * Ends this process with its exit code a moment from now, should something still keep it alive: a stopped run may leave
 * a program behind that it was asking, a folder that it was reading, or a store that does not let go.
 */
export function exitSoon(): void {
  setTimeout(() => process.exit(), LEFT_MS).unref();
}
