import { readFileSync } from "node:fs";

/** The most memory that a process had resident at any time so far, in bytes, as Linux counts it. */
export function peakResidentBytes(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kib === undefined) throw new Error(`no peak memory is known of process ${pid}`);
  return Number(kib) * 1024;
}
