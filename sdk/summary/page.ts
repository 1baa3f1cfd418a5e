/** What every section of a summary needs to know of the page it is on. */
export interface Page {
  readonly fileUrl: (path: string, line?: number) => string | undefined;
  /** Notes what there was no room for, e.g. `1,200 reused nodes`. */
  readonly leaveOut: (what: string) => void;
}
