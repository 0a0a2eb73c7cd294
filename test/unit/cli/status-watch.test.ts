import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Fetch } from "../../../src/cli/ask-relay.ts";
import { StatusWatch } from "../../../src/cli/status-watch.ts";
import { CapturedOutput } from "../../support/captured-output.ts";

const RELAY = { url: "http://h:1", credentials: null };
const AT_MS = Date.parse("2026-11-21T14:00:00.000Z");
const FAILED = { state: "failed", code: "TOPIC_MISSING", message: "no topic", hint: "Make it." };

let answers: (object | Error)[];
let out: CapturedOutput;

beforeEach(() => {
  answers = [];
  out = new CapturedOutput();
});

const ask: Fetch = () => {
  const next = answers.shift();
  if (next === undefined || next instanceof Error) return Promise.reject(next ?? new Error("none"));
  return Promise.resolve(new Response(`${JSON.stringify(next)}\n`));
};

function watching(isTerminal: boolean, form = { isJson: false, hasColour: false }): StatusWatch {
  const terminal = { stdout: out.stdout, stderr: out.stderr, isTerminal };
  return new StatusWatch(RELAY, form, terminal, ask);
}

describe("outbox-relay status --watch", () => {
  it("writes one line for each change where nobody sits at a terminal", async () => {
    const streaming = { state: "streaming", code: null };
    answers = [streaming, { ...streaming, events: { published: 2 } }, FAILED, new Error("refused")];
    const watch = watching(false);
    const exits = [];
    for (let times = 0; times < 4; times++) exits.push(await watch.look(AT_MS));
    expect(exits).toEqual([0, 0, 1, 75]);
    expect(out.written.stdout.split("\n")).toEqual([
      "2026-11-21T14:00:00.000Z streaming",
      "2026-11-21T14:00:00.000Z failed TOPIC_MISSING: no topic Make it.",
      expect.stringMatching(
        /^\S+ nobody answers at http:\/\/h:1\/status \(refused\) Say with --url/,
      ),
      "",
    ]);
  });

  it("draws the page again on a terminal, over what was there", async () => {
    answers = [{ state: "streaming" }, { state: "standby" }];
    const watch = watching(true);
    await watch.look(AT_MS);
    await watch.look(AT_MS);
    expect(out.written.stdout).toBe(
      "\u001b[2J\u001b[Hstate       streaming\u001b[K\n\u001b[J\u001b[Hstate       standby\u001b[K\n\u001b[J",
    );
  });

  it("colours the state where that is wanted", async () => {
    answers = [{ state: "failed" }];
    await watching(true, { isJson: false, hasColour: true }).look(AT_MS);
    expect(out.written.stdout).toContain("state       \u001b[31mfailed\u001b[0m");
  });

  it("gives each answer as a line of JSON when asked to", async () => {
    answers = [{ state: "streaming" }, { state: "streaming" }, new Error("refused")];
    const watch = watching(true, { isJson: true, hasColour: true });
    for (let times = 0; times < 3; times++) await watch.look(AT_MS);
    expect(out.written.stdout).toBe('{"state":"streaming"}\n{"state":"streaming"}\n');
    expect(out.written.stderr).toContain("nobody answers");
  });
});
