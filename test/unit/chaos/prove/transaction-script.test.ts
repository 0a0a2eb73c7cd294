import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { copyStatement } from "../../../chaos/prove/load/copy-text.ts";
import {
  bulkId,
  eventIds,
  transactionScript,
} from "../../../chaos/prove/plan/transaction-script.ts";

const SCRIPTS = Array.from({ length: 4_000 }, (_, i) =>
  transactionScript(9, i % 10, Math.floor(i / 10)),
);

describe("the transactions of a writer", () => {
  it("are the same for the same seed, writer and number", () => {
    expect(transactionScript(9, 3, 7)).toEqual(transactionScript(9, 3, 7));
    expect(transactionScript(9, 3, 7)).not.toEqual(transactionScript(9, 4, 7));
    expect(transactionScript(9, 3, 7)).not.toEqual(transactionScript(10, 3, 7));
  });

  it("hold every kind of load", () => {
    const kinds = SCRIPTS.flatMap(({ steps }) => steps.map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(
      new Set(["insert", "savepoint", "insert-delete", "copy", "bulk"]),
    );
    expect(new Set(SCRIPTS.map(({ end }) => end))).toEqual(
      new Set(["commit", "rollback", "prepare-commit", "prepare-rollback"]),
    );
    const rollbacks = SCRIPTS.filter(({ end }) => end === "rollback").length;
    expect(rollbacks / SCRIPTS.length).toBeGreaterThan(0.08);
    expect(rollbacks / SCRIPTS.length).toBeLessThan(0.12);
  });

  it("hold tombstones, text of several bytes a character, and keys that writers share", () => {
    const rows = SCRIPTS.flatMap(({ steps }) =>
      steps.flatMap((step) => ("row" in step ? [step.row] : [])),
    );
    expect(rows.some(({ payload }) => payload === null)).toBe(true);
    expect(rows.some(({ payload }) => payload?.includes("世界") === true)).toBe(true);
    expect(new Set(rows.map(({ key }) => key).filter((key) => key.startsWith("hot"))).size).toBe(4);
  });

  it("never use an id twice", () => {
    const ids = SCRIPTS.flatMap((script) => eventIds(script));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("give bulk rows the ids that Postgres's md5() gives them", () => {
    const hex = createHash("md5").update("name/3").digest("hex");
    expect(bulkId("name", 3).replaceAll("-", "")).toBe(hex);
  });
});

describe("a COPY that the server's shell feeds", () => {
  it("carries NULL, tabs, line ends and backslashes in COPY's own escapes", () => {
    const row = { id: "i", route: "r", key: "a\tb\\c", payload: null, headers: '{"a":"x\ny"}' };
    const [, data = ""] = /echo (\S+) \|/.exec(copyStatement([row])) ?? [];
    expect(Buffer.from(data, "base64").toString()).toBe(
      'i\tr\ta\\tb\\\\c\tWritten\t\\N\t{"a":"x\\ny"}\n',
    );
  });
});
