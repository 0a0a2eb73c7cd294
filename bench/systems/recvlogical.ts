import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Unavailable } from "../servers/jars.ts";
import { bytesWritten, cpuSeconds } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";

const DEBIAN = "/usr/lib/postgresql";
const SAMPLE_MS = 5;

/** What reading the log alone takes. */
export interface Received {
  /** From its first write to its last one. */
  readonly ms: number;
  /** From the start of its process to its last write. */
  readonly fromStartMs: number;
  readonly cpuSeconds: number;
}

/** Has pg_recvlogical read a slot up to `end` and throw it away. */
export async function receive(world: World, slot: string, end: string): Promise<Received> {
  const options = ["-o", "proto_version=1", "-o", "publication_names=outbox_relay"];
  const where = ["-d", world.url, "--slot", slot, "--start", "--no-loop", `--endpos=${end}`];
  const startedMs = performance.now();
  const child = spawn(program(), [...where, ...options, "-f", "/dev/null"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  world.guard.watch(child, "KILL");
  const ended = once(child, "exit");
  let [bytes, firstMs, lastMs, cpu] = [0, 0, 0, 0];
  while (child.exitCode === null) {
    const written = (await bytesWritten(child.pid ?? 0)) ?? bytes;
    const nowMs = performance.now();
    if (written > bytes) {
      if (firstMs === 0) firstMs = nowMs;
      [bytes, lastMs] = [written, nowMs];
    }
    cpu = Math.max(cpu, (await cpuSeconds(child.pid ?? 0)) ?? 0);
    await delay(SAMPLE_MS);
  }
  await ended;
  if (child.exitCode !== 0) throw new Error(`pg_recvlogical ended with ${child.exitCode}`);
  return { ms: lastMs - firstMs, fromStartMs: lastMs - startedMs, cpuSeconds: cpu };
}

/** `PG_BIN` wins, then the newest of Debian's folders, then the path. */
function program(): string {
  const named = process.env["PG_BIN"];
  const onPath = (process.env["PATH"] ?? "").split(delimiter);
  const majors = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const debian = majors
    .toSorted((a, b) => b - a)
    .map((major) => join(DEBIAN, String(major), "bin"));
  const folders = named === undefined ? [...debian, ...onPath] : [named];
  const found = folders
    .map((folder) => join(folder, "pg_recvlogical"))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Unavailable(
    "there is no pg_recvlogical: `apt-get install --yes postgresql-client`, or set PG_BIN to the folder that has it",
  );
}
