import { readFile } from "node:fs/promises";

/** Where version 2 of cgroups says it, then version 1. */
const PLACES = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
/** Version 1 writes "no limit" as a number that no machine has. */
const NO_LIMIT_BYTES = 2 ** 60;

/** The memory that this container may use, bytes; null without a limit. */
export async function memoryLimitBytes(places: readonly string[] = PLACES): Promise<number | null> {
  for (const place of places) {
    const text = await readFile(place, "utf8").catch(() => null);
    if (text === null) continue;
    const bytes = Number(text.trim());
    return Number.isFinite(bytes) && bytes < NO_LIMIT_BYTES ? bytes : null;
  }
  return null;
}
