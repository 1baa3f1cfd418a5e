import * as z from 'zod';
import { parseDuration } from '../plan/duration.ts';

/** For editors; `parseDuration()` also knows what is out of range. */
const DURATION = /^(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/;

/** Ten years. */
export const MAX_RETENTION_MS = 315_360_000_000;

/** A text that is a duration. @param maxMs Default: what a timer takes. */
export function durationText(maxMs?: number) {
  return z
    .string()
    .regex(DURATION)
    .refine((text) => isDuration(text, maxMs));
}

function isDuration(text: string, maxMs: number | undefined): boolean {
  try {
    return parseDuration(text, { maxMs }) > 0;
  } catch {
    return false;
  }
}
