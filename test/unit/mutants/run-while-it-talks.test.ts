import { describe, expect, it } from "@jest/globals";
import { runWhileItTalks } from "../../mutants/run-while-it-talks.ts";

const LISTEN = 'require("node:net").createServer().listen(0, "127.0.0.1");';

describe("a check that runs", () => {
  it("tells its exit code and what it wrote to both outputs", async () => {
    const script = 'console.log("one"); console.error("two"); process.exitCode = 3;';
    const { code, output } = await runWhileItTalks(["-e", script], ".", 60_000);
    expect(code).toBe(3);
    expect(output.split("\n").toSorted()).toEqual(["", "one", "two"]);
  });

  it("is ended once it is silent for too long, which is no exit code", async () => {
    const { code, output } = await runWhileItTalks(["-e", LISTEN], ".", 100);
    expect(code).toBeNull();
    expect(output).toContain("ended: it wrote nothing for 0.1 s");
  });
});
