/**
 * For every git that is started in a folder of someone else's: a repository's settings can name programs, and files
 * that are checked in can be a repository (a bare one, which needs no `.git`). Such a one is not taken for the
 * folder's own; `.git` as a folder or a file is. And nothing is fetched, which is what would start those programs.
 */
export const GIT_GUARD = {
  /** Stand before the command. */
  options: [
    ...['-c', 'safe.bareRepository=explicit'],
    ...['-c', 'protocol.allow=never'],
    ...['-c', 'core.fsmonitor=false'],
  ],
  /** An empty list of protocols allows none, whatever a repository says of a single one (`protocol.ssh.allow`). */
  env: { GIT_ALLOW_PROTOCOL: '', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' },
} as const;
