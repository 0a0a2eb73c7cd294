import type { Environment } from "../config/environment.ts";

/** Where a command writes; tests read it. */
export interface Output {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Whether a person sits at the other end of stdout; default: no. */
  readonly isTerminal?: boolean;
}

export const PROCESS_OUTPUT: Output = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
};

/** Colour is for terminals, and for nobody who set `NO_COLOR` (no-color.org). */
export function hasColour(isTerminal: boolean, env: Environment): boolean {
  return isTerminal && (env["NO_COLOR"] ?? "") === "";
}
