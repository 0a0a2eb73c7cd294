import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";

const OUTPUT_CHARACTERS_MAX = 8_000;

/**
 * Resolves when a line of standard error matches `ready`. Rejects with the last of the output when the process ends
 * or cannot start, and kills it after `deadlineMs`. From then on a running child does not keep us alive: an owner
 * that has nothing else to do ends, and its guard ends the child.
 */
export function untilReady(
  child: ChildProcess,
  what: string,
  ready: RegExp,
  deadlineMs: number,
): Promise<void> {
  let output = "";
  let isReady = false;
  return new Promise((resolve, reject) => {
    const fail = (happened: string): void => {
      clearTimeout(timer);
      reject(new Error(`${what} ${happened}; its last output:\n${output}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`was not ready after ${deadlineMs} ms`);
    }, deadlineMs);
    child.once("error", (error) => fail(`did not start (${error.message})`));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code} before it was ready`));
    // The listener stays: an unread pipe would fill and stop the process.
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
      if (isReady || !ready.test(output)) return;
      isReady = true; // Once only: the code that ends the process later waits for it, and must not be let go.
      clearTimeout(timer);
      letGo(child);
      resolve();
    });
  });
}

/** Sends the signal and resolves when the process has ended; at once when it had ended before. */
export async function endProcess(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
): Promise<void> {
  if (child === undefined || hasEnded(child)) return;
  const ended = once(child, "exit");
  child.ref();
  child.kill(signal);
  await ended;
}

function letGo(child: ChildProcess): void {
  child.unref();
  const pipe: unknown = child.stderr;
  if (pipe instanceof Socket) pipe.unref();
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
