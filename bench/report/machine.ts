import { readFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";

/** A load average above this share of the cores is not our own doing. */
const BUSY_SHARE = 0.4;
const SESSION_GROUPS = "kernel.sched_autogroup_enabled";

/** What makes figures of this machine mean less, before anything is started. */
export async function machineRemarks(): Promise<string[]> {
  return [busy(), await grouped()].filter((remark) => remark !== null);
}

/** A line each. */
export function renderRemarks(remarks: Iterable<string>): string {
  return [...remarks].map((remark) => `${remark}\n`).join("");
}

/** Others on the machine take from what is measured. */
function busy(): string | null {
  const [load = 0] = loadavg();
  if (load < cpus().length * BUSY_SHARE) return null;
  return `the machine was busy before this began (load ${load.toFixed(1)} on ${cpus().length} cores): rates and latency mean little, ratios are rough, CPU and memory suffer least`;
}

/**
 * Each Postgres process has a session of its own, and the kernel may count a session as it counts all processes of
 * another: on two cores the relay was ready to run for up to 118 ms without a core, while bursts were written; without that 31 ms in the same minutes, about 50 ms in half an hour.
 */
async function grouped(): Promise<string | null> {
  const file = `/proc/sys/${SESSION_GROUPS.replaceAll(".", "/")}`;
  const value = await readFile(file, "utf8").catch(() => "0");
  if (value.trim() !== "1") return null;
  return `the kernel shares its cores out by session (${SESSION_GROUPS} = 1), so that processes wait long for one while all are busy: latency suffers; as root \`sysctl ${SESSION_GROUPS}=0\` while this runs`;
}
