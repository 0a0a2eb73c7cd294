import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "../support/until.ts";

const OUTPUT_CHARACTERS_MAX = 20_000;

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** The end of what it wrote. */
  readonly output: string;
}

/** Runs Node with `argv` in `folder` for as long as it writes something every `silentMs`; then it is ended, and the output says so. */
export async function runWhileItTalks(
  argv: readonly string[],
  folder: string,
  silentMs: number,
): Promise<Ended> {
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let [output, pieces, isClosed] = ["", 0, false];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
      pieces += 1;
    });
  }
  const closed = once(child, "close").then(() => {
    isClosed = true;
  });
  while (!isClosed && !child.killed) {
    const heard = pieces;
    await until(() => isClosed || pieces > heard, silentMs, "another word").catch(() =>
      child.kill("SIGKILL"),
    );
  }
  await closed;
  if (child.killed) output += `\nended: it wrote nothing for ${silentMs / 1000} s\n`;
  return { code: child.exitCode, output };
}
