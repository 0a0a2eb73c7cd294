import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { until } from "../../support/services.ts";

const SERVICES = new URL("../../../src/demo/services/", import.meta.url);
const DEADLINE_MS = 60_000;

interface Started {
  readonly pids: readonly number[];
  readonly folder: string;
}

/** A program that starts one service, prints what it has, and then stays until it is ended, or until we are. */
function starting(what: string, ending = "process.stdin.resume();"): ChildProcess {
  const source = `
    import { startKafka } from "${new URL("embedded-kafka.ts", SERVICES).href}";
    import { startPostgres } from "${new URL("embedded-postgres.ts", SERVICES).href}";
    const report = (pids, folder) => console.log(JSON.stringify({ pids, folder }));
    ${what}
    ${ending}
  `;
  return spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // A process group of its own, as a shell gives it.
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
  });
}

async function started(program: ChildProcess): Promise<Started> {
  let output = "";
  program.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await until(() => output.includes("\n"), DEADLINE_MS, "the program to start its service");
  return JSON.parse(output) as Started;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code !== "ESRCH";
  }
}

/** The program alone: what it started does not hear of it. */
function kill(program: ChildProcess): void {
  program.kill("SIGKILL");
}

/** Ctrl-C: the terminal tells the whole process group. */
function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGINT");
}

const KAFKA = "const k = await startKafka(); report(k.pids, k.logs);";
const FROZEN_KAFKA = "const k = await startKafka(); k.freeze(0); report(k.pids, k.logs);";
const POSTGRES = `
  const p = await startPostgres();
  const flags = (await import("node:fs")).readFileSync("/proc/" + p.pid + "/cmdline", "utf8").split("\\0");
  report([p.pid], flags[flags.indexOf("-D") + 1]);
`;

async function expectAllGone({ pids, folder }: Started): Promise<void> {
  await until(
    () => !pids.some(isAlive) && !existsSync(folder),
    DEADLINE_MS,
    () => `processes ${pids.join(", ")} to end and ${folder} to go`,
  );
  expect(pids.filter(isAlive)).toEqual([]);
}

describe("a service whose owner ends without stopping it", () => {
  it.each([
    ["Kafka", "is killed", KAFKA, kill],
    ["a frozen Kafka", "is killed", FROZEN_KAFKA, kill],
    ["Kafka", "gets Ctrl-C", KAFKA, interrupt],
    ["Postgres", "is killed", POSTGRES, kill],
    ["Postgres", "gets Ctrl-C", POSTGRES, interrupt],
  ] as const)("%s goes with it, data and all, when that %s", async (_name, _how, what, end) => {
    const program = starting(what);
    const service = await started(program);
    expect(service.pids).toHaveLength(1);
    expect(service.pids.filter(isAlive)).toEqual(service.pids);
    end(program);
    await expectAllGone(service);
  });

  it("goes with it when the owner crashes", async () => {
    const program = starting(POSTGRES, "setImmediate(() => process.exit(3));");
    const service = await started(program);
    await expectAllGone(service);
    expect(program.exitCode).toBe(3);
  });

  it("does not keep its owner alive, so that a forgotten one goes too", async () => {
    const program = starting(POSTGRES, "");
    const service = await started(program);
    await expectAllGone(service);
    expect(program.exitCode).toBe(0);
  });
});

describe("a guard", () => {
  it("leaves alone what had ended before, so that a process id used again is safe", async () => {
    const { ProcessGuard } = await import("../../../src/demo/services/process-guard.ts");
    const folder = fileURLToPath(new URL("../../../.cache/guard-test", import.meta.url));
    await rm(folder, { recursive: true, force: true });
    const guard = new ProcessGuard(folder);
    const bystander = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
    const short = spawn("/bin/true", { stdio: "ignore" });
    const ended = once(short, "exit");
    Object.defineProperty(short, "pid", { value: bystander.pid });
    guard.watch(short, "KILL"); // As if the system had given the id of `short` to the bystander.
    await ended;
    await guard.close();
    expect(bystander.exitCode).toBeNull();
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
    bystander.kill("SIGKILL");
    await once(bystander, "exit");
    expect(bystander.signalCode).toBe("SIGKILL");
  });
});
