import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
/** What a row takes in the outbox, in the write-ahead log and at the broker, about, with every system's copy of it. */
const ROW_BYTES = 4_000;
/** For servers at rest, and for those who need memory beside them. */
const RESERVE_BYTES = 6e9;

/**
 * Where the servers keep their data: in memory where there is room for `rows`, because the flush of a disk that all
 * share stops a broker for 200 ms at times, no matter who publishes. TMPDIR decides where it is set.
 */
export async function dataFolder(
  rows: number,
  chosen: string | undefined,
): Promise<{ readonly path: string; readonly isMemory: boolean }> {
  if (chosen !== undefined) return { path: chosen, isMemory: chosen.startsWith(MEMORY) };
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    const isMemory = bavail * bsize >= RESERVE_BYTES + rows * ROW_BYTES;
    return { path: isMemory ? MEMORY : tmpdir(), isMemory };
  } catch {
    return { path: tmpdir(), isMemory: false };
  }
}

/** Has all that is started from now on keep its data there; answers where that is, for people. */
export async function useDataFolder(rows: number): Promise<string> {
  const { path, isMemory } = await dataFolder(rows, process.env["TMPDIR"]);
  process.env["TMPDIR"] = path;
  return isMemory ? "memory" : path;
}
