import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import type { Progress } from "../../../src/relay/progress.ts";
import { NO_PROGRESS } from "../../../src/relay/progress.ts";
import { StateBoard } from "../../../src/relay/state.ts";

const HALT = new RelayError("a row", { code: "ROW_NULL", remedy: "halt", hint: "look" });
const at = (commit: bigint, index: number, end: bigint | null = null): Progress => ({
  ...NO_PROGRESS,
  commitLsn: lsn(commit),
  index,
  endLsn: end === null ? null : lsn(end),
});

let board: StateBoard;
let shown: string[];

beforeEach(() => {
  shown = [];
  board = new StateBoard(() => 0, { stateChanged: ({ name }) => void shown.push(name) });
});

describe("a halt behind what was read", () => {
  it.each([
    ["a row before it", at(100n, 1), "failed"],
    ["all that was read before it", at(100n, 2), "failed"],
    ["the row itself", at(100n, 3), "standby"],
    ["the end of its transaction", at(100n, 2, 148n), "standby"],
    ["a later transaction", at(200n, 1), "standby"],
  ])("is over, or not, once there is durable: %s", (_what, progress, name) => {
    board.fail(HALT, at(100n, 2));
    board.set("standby");
    board.passed("start");
    board.progressed(progress);
    expect(board.state.name).toBe(name);
    expect(board.attempt).toEqual(name === "failed" ? { name: "standby", reason: null } : null);
  });

  it("is not easier to get past when a later attempt comes less far", () => {
    board.fail(HALT, at(100n, 2));
    board.fail(HALT, at(50n, 1));
    board.set("standby");
    board.progressed(at(100n, 1));
    expect(board.state.name).toBe("failed");
  });
});

describe("a halt of preflight or of a start", () => {
  it.each([
    ["preflight", "preflight", "starting"],
    ["start", "preflight", "failed"],
    ["start", "start", "starting"],
  ] as const)("met at %s, after %s was passed", (place, passed, name) => {
    board.fail(HALT, place);
    board.set("starting");
    board.progressed(at(100n, 1));
    board.passed(passed);
    expect(board.state.name).toBe(name);
  });

  it("gives way to another halt, and to the end of the process", () => {
    board.fail(HALT, "start");
    board.fail(new RelayError("x", { code: "ROW_TYPE", remedy: "halt", hint: "look" }), "start");
    expect(board.state.reason?.code).toBe("ROW_TYPE");
    board.set("draining");
    expect(shown).toEqual(["failed", "failed", "draining"]);
  });
});
