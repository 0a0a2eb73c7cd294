import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";

const CLOCK = fileURLToPath(new URL("../../../src/ops/system-clock.ts", import.meta.url));

it("a delay that is over already fires at once, and Node warns of nothing", async () => {
  const script = `
    import { systemClock } from ${JSON.stringify(CLOCK)};
    systemClock.after(-5, () => console.log("fired"));`;
  const argv = ["--input-type=module", "--eval", script];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, argv);
  expect([stdout, stderr]).toEqual(["fired\n", ""]);
});
