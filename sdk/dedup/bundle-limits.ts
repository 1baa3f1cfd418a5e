/** What may go into the store beside a record. A reader refuses more before it allocates anything. */
export interface BundleLimits {
  /** Of everything together, before compression. */
  readonly maxBytes: number;
  /** Of one file, before compression. */
  readonly maxFileBytes: number;
  /** Files of compiled SQL. */
  readonly maxCompiledFiles: number;
}

export const BUNDLE_LIMITS: BundleLimits = {
  maxBytes: 256 << 20,
  maxFileBytes: 128 << 20,
  maxCompiledFiles: 20_000,
};

/** Of the items of a key's parts: as JSON, and how many. */
export const MAX_ITEMS_BYTES = 8 << 20;
export const MAX_ITEMS = 65_536;
