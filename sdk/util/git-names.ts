/** Whether a text of others is the full name of a commit: such a one is no option, no ref and no expression of git's. */
export function isCommitSha(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value);
}

/**
 * Whether a text of others can be a branch's name: after `refs/…/` git takes it for nothing else. Any other may begin with
 * a dash and still be a name, so it never stands alone in a command.
 */
export function isBranchName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 500) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  return !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$/.test(value);
}
