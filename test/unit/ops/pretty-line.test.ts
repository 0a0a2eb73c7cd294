import { describe, expect, it } from "@jest/globals";
import { prettyLine } from "../../../src/ops/pretty-line.ts";

const LINE = JSON.stringify({
  level: "warn",
  time: "2026-11-21T14:03:22.123Z",
  instance: "relay-0",
  where: "sink",
  code: "KAFKA_UNREACHABLE",
  hint: "Check it.",
  cause: "connect ECONNREFUSED",
  msg: "Kafka does not answer",
});

describe("a log line for people", () => {
  it("has the time, the level, the message, the fields, and below them why and what to do", () => {
    expect(prettyLine(`${LINE}\n`, false)).toBe(
      [
        "14:03:22.123 WARN  Kafka does not answer where=sink code=KAFKA_UNREACHABLE",
        "                   because connect ECONNREFUSED",
        "                   -> Check it.",
        "",
      ].join("\n"),
    );
  });

  it("is coloured where that is wanted", () => {
    expect(prettyLine(LINE, true)).toContain("\u001b[33mWARN \u001b[0m Kafka");
  });

  it("shows where a bug came from", () => {
    const line = JSON.stringify({
      level: "fatal",
      time: "",
      msg: "broken",
      err: { stack: "E\n at f" },
    });
    expect(prettyLine(line, false)).toMatch(/ FATAL broken\n {19}E\n {19} at f\n$/);
  });

  it("leaves alone what is no JSON", () => {
    expect(prettyLine("hello\n", true)).toBe("hello\n");
  });

  it("shows a value neither as another line nor as what a terminal obeys", () => {
    const fields = {
      level: "info",
      time: "2026-01-01T10:00:00.000Z",
      msg: "a\n10:00 b",
      id: "\u001b[2J",
    };
    const line = prettyLine(JSON.stringify(fields), false);
    expect(line.split("\n")).toHaveLength(2);
    expect(line).not.toContain("\u001b");
  });
});
