import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { StallReader } from "../../../bench/soak/stall-reader.ts";
import { until } from "../../support/until.ts";

const WATCH = new URL("../../../bench/soak/stall-watch.ts", import.meta.url).href;
const BUSY_MS = 300;
/** How often the watch looks. */
const TICK_MS = 5;
/** Works for BUSY_MS of its own time once it is told to, however long it waits for a core meanwhile; then rests until its input ends. */
const PROGRAM = `
const usedMs = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
process.stdin.once("data", () => {
  for (const end = usedMs() + ${BUSY_MS}; usedMs() < end; );
});
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outbox-relay-stalls-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the watch over the event loop of a process", () => {
  it("tells the longest stall, and how much of it was the process's own", async () => {
    const file = join(folder, "stalls");
    const child = spawn(process.execPath, ["--import", WATCH, "--eval", PROGRAM], {
      env: { SOAK_STALLS: file },
      stdio: ["pipe", "inherit", "inherit"],
    });
    const ended = once(child, "exit");
    try {
      const reader = new StallReader(file);
      await until(async () => (await reader.next(), reader.hasHeard), 10_000, "the first second");
      child.stdin.write("now\n");
      let longest = { stallMs: 0, ownMs: 0 };
      const hasStalled = async (): Promise<boolean> => {
        longest = await reader.next();
        return longest.stallMs >= BUSY_MS - TICK_MS;
      };
      await until(hasStalled, 10_000, "the stall");
      expect(longest.ownMs).toBeGreaterThanOrEqual(BUSY_MS - 2 * TICK_MS);
      expect(longest.ownMs).toBeLessThanOrEqual(longest.stallMs);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  });

  it("says nothing twice, and nothing before it has heard anything", async () => {
    const reader = new StallReader(join(folder, "stalls"));
    expect(await reader.next()).toEqual({ stallMs: 0, ownMs: 0 });
    expect(reader.hasHeard).toBe(false);
  });
});
