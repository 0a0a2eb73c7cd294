import { readFile, writeFile } from "node:fs/promises";

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system CPU of a process so far, s; null once it is gone. Linux only. */
export async function cpuSeconds(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  const fields = text?.split(") ")[1]?.split(" ");
  if (fields === undefined) return null;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident set now, MB. */
export async function rssMb(pid: number): Promise<number> {
  return memoryMb(pid, "VmRSS");
}

/** Largest resident set since the process began, or since `forgetPeak`, MB. */
export async function rssMbMax(pid: number): Promise<number> {
  return memoryMb(pid, "VmHWM");
}

/** The peak begins again. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** Bytes given to write() so far; null once the process is gone. */
export async function bytesWritten(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/io`, "utf8").catch(() => null);
  return text === null ? null : Number(/^wchar: (\d+)/m.exec(text)?.[1]);
}

async function memoryMb(pid: number, name: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const kb = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  return Math.round(Number(kb) / 1024);
}
