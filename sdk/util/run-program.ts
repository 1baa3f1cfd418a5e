/** Runs a short program; `askProgram()` of runtimes/process is one. May reject when it cannot be started. */
export type RunProgram = (
  file: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly timeoutMs: number;
    /** Of output; a program that says more is ended. Default 1 MiB. */
    readonly maxBytes?: number;
  },
) => Promise<{ readonly stdout: string; readonly exitCode: number | undefined }>;
