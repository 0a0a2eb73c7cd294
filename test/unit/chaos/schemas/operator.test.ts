import { describe, expect, it } from "@jest/globals";
import {
  commandsIn,
  statementsIn,
  tableIn,
  wordsOf,
} from "../../../chaos/schemas/stage/operator.ts";

describe("what an operator reads out of a hint", () => {
  it("is every statement that can be run as it stands", () => {
    const hint =
      'Run ALTER TABLE public.outbox SET LOGGED; then ALTER PUBLICATION "p" ADD TABLE app."order"; and restart.';
    expect(statementsIn(hint)).toEqual([
      "ALTER TABLE public.outbox SET LOGGED;",
      'ALTER PUBLICATION "p" ADD TABLE app."order";',
    ]);
  });

  it("is no statement with a place to fill in, and none that needs a restart of the server", () => {
    expect(statementsIn("Run ALTER TABLE ... SET LOGGED;")).toEqual([]);
    expect(statementsIn("Run ALTER SYSTEM SET wal_level = 'logical';")).toEqual([]);
  });

  it("is the commands that it names, the preferred one first", () => {
    const hint =
      "Run outbox-relay repair, or, if no row is missing, outbox-relay accept publication.";
    expect(commandsIn(hint, false)).toEqual(["repair", "accept publication"]);
    expect(commandsIn(hint, true)).toEqual(["accept publication", "repair"]);
    const steps = "Run outbox-relay slot drop, then outbox-relay repair.";
    expect(commandsIn(steps, false)).toEqual(["slot drop", "repair"]);
    expect(commandsIn("Nothing to do.", true)).toEqual([]);
  });
});

describe("the table that a hint asks about", () => {
  it.each([
    ["public.child", "public.child"],
    ["'public.order away'", "public.order away"],
    ["'public.order; rm '\\''x'\\'''", "public.order; rm 'x'"],
    [`'public."a.b"'`, 'public."a.b"'],
  ])("is read as a shell reads it: %s", (written, name) => {
    const hint = `Was it a child: outbox-relay accept table ${written} --publish. Was it another: outbox-relay accept table ${written} --pass-over.`;
    const table = tableIn(hint);
    expect(table).toBe(written);
    expect(wordsOf(`accept table ${table} --publish`)).toEqual([
      "accept",
      "table",
      name,
      "--publish",
    ]);
  });
});
