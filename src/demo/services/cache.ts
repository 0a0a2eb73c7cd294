import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is fetched or made once and used by every later run. */
export const CACHE_FOLDER = fileURLToPath(new URL("../../../.cache", import.meta.url));

/** A name for unfinished work that tells whose it is, so that a later run can remove it when we are gone. */
export function workFolder(target: string): string {
  return `${target}.partial-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Removes the unfinished work of runs that are gone. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(CACHE_FOLDER)) {
    const pid = /\.partial-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // What another user left is none of our business.
    await rm(join(CACHE_FOLDER, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Puts a complete piece of work in its place. */
export async function renameUnlessThere(partial: string, target: string): Promise<void> {
  try {
    await rename(partial, target);
  } catch (error) {
    if (!existsSync(target)) throw error; // Otherwise another run was faster, and its copy is as good.
  }
}
