import type { ClaimHandle } from '../sdk/index.ts';

/**
 * A claim as an output of a job. Not as JSON: GitHub drops an output that holds a secret, line by line, and the lines of a
 * key file are braces.
 */
export function claimText(claim: ClaimHandle): string {
  return Buffer.from(JSON.stringify(claim)).toString('base64url');
}

/** As JSON, which nobody has looked at. */
export function claimJson(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8');
}
