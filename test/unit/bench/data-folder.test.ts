import { tmpdir } from "node:os";
import { describe, expect, it } from "@jest/globals";
import { dataFolder } from "../../../bench/servers/data-folder.ts";

/** More than any machine has memory for. */
const TOO_MANY_ROWS = 1e12;

describe("where the servers of a benchmark keep their data", () => {
  it("is where TMPDIR says, whatever there is room for", async () => {
    expect(await dataFolder(1, "/somewhere")).toEqual({ path: "/somewhere", isMemory: false });
    expect(await dataFolder(TOO_MANY_ROWS, "/dev/shm/mine")).toMatchObject({ isMemory: true });
  });

  it("is a disk where the rows would not fit into memory", async () => {
    expect(await dataFolder(TOO_MANY_ROWS, undefined)).toEqual({
      path: tmpdir(),
      isMemory: false,
    });
  });
});
