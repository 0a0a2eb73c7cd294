import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { ruleFiles } from "../../../scripts/alert-rules.ts";
import { runbooks } from "../../../scripts/runbooks.ts";
import {
  computedCodes,
  errorCodes,
  literalCodes,
  NO_CODES,
  sourceFiles,
} from "../../support/docs/error-codes.ts";

const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
const COMMANDS = fileURLToPath(new URL("../../../src/cli/command.ts", import.meta.url));
const ORDER = ["At risk", "What to do", "Over when", "Related"];
const LINES_MAX = 45;

/** Files that make errors whose code stands as a literal elsewhere: they hand on, or choose from a table. */
const HAND_ON = [
  "kafka/kafka-error.ts",
  "kafka/lost-in-pause.ts",
  "kafka/lost-produce.ts",
  "kafka/produce-refusal.ts",
  "kafka/topic-admin.ts",
  "kafka/topic-refusals.ts",
  "postgres/first-host.ts",
  "postgres/link-error.ts",
  "postgres/postgres-error.ts",
  "postgres/stream-attempt.ts",
  "relay/errors.ts",
  "relay/event/poison.ts",
  "relay/finding.ts",
  "relay/settle/checkpoint.ts",
  "relay/settle/continuity-faults.ts",
];

const pages = runbooks();
const alerts = new Set(ruleFiles().flatMap(({ rules }) => rules.map(({ alert }) => alert)));

function namesOf(isAlert: boolean): string[] {
  return pages.filter((page) => page.isAlert === isAlert).map(({ name }) => name);
}

describe("runbooks", () => {
  it("have a page for every code of the source, and no page without a code", () => {
    expect(namesOf(false)).toEqual([...errorCodes()].toSorted());
  });

  it("have a page for every alert, and no page without an alert", () => {
    expect(namesOf(true)).toEqual([...alerts].toSorted());
  });

  it("would miss a code that is new, in whatever way it is written", () => {
    const text = 'const a = { code: "BRAND" };\nfault("BRAND_NEW_ONE", message);';
    expect([...literalCodes([{ path: "relay/a.ts", text }])]).toEqual(["BRAND", "BRAND_NEW_ONE"]);
  });

  it("leave out only literals that are in the source and are no codes", () => {
    expect([...literalCodes(sourceFiles())]).toEqual(expect.arrayContaining([...NO_CODES]));
  });

  it("can rely on codes that are literals, but for the files that hand them on", () => {
    const files = computedCodes(sourceFiles()).map((call) => call.slice(0, call.indexOf(":")));
    expect([...new Set(files)].toSorted()).toEqual(HAND_ON);
    const text = "throw new RelayError(m, { code: name(), remedy, hint });";
    expect(computedCodes([{ path: "relay/a.ts", text }])).toHaveLength(1);
  });

  it.each(pages)(
    "$name says what it means, what is at risk, what to do and when it is over",
    ({ name, text, message }) => {
      expect(text.startsWith(`# ${name}\n\n> `)).toBe(true);
      expect(message.length).toBeGreaterThan(10);
      expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(ORDER);
      expect(text.slice(0, text.indexOf("## At risk"))).toMatch(/\n\n[A-Z`][^>]{40,}\n/);
      expect(text.split("\n").length).toBeLessThanOrEqual(LINES_MAX);
    },
  );

  it.each(pages)("$name links to pages and headings that exist", ({ text }) => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      expect([target, isThere(target)]).toEqual([target, true]);
    }
  });

  it.each(pages)("$name names commands and options that the program has", ({ text }) => {
    const commands = [...text.matchAll(/`outbox-relay ([^`]+)`/g)].map(
      ([, command = ""]) => command,
    );
    for (const command of commands) expect([command, unknownWords(command)]).toEqual([command, []]);
  });
});

describe("the check of commands", () => {
  it("notices a command and an option that the program does not have", () => {
    expect(unknownWords("status --json --url http://relay:9464")).toEqual([]);
    expect(unknownWords("slot adopt --trust-slots")).toEqual(["--trust-slots"]);
    expect(unknownWords("slot advance")).toEqual(["advance"]);
    expect(unknownWords("fly")).toEqual(["fly"]);
  });
});

function isThere(target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = new URL(path, `file://${DOCS}runbooks/`);
  if (!existsSync(file)) return false;
  if (anchor === undefined) return true;
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)];
  return headings.some(([, heading = ""]) => slug(heading) === anchor);
}

/** As the usual renderers make anchors of headings. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Words and options of a command line that stand nowhere in the sources of the commands. */
function unknownWords(command: string): string[] {
  const source = readFileSync(COMMANDS, "utf8");
  const [word = "", ...rest] = command.split(" ");
  const isCommand = source.includes(`["${word}", `);
  const file = [`${word}.ts`, `${word}-command.ts`, `${word}/${word}.ts`, "help.ts"]
    .map((name) => COMMANDS.replace("command.ts", name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  const unknown = rest
    .filter((part) => /^(?:--)?[a-z][a-z-]*$/.test(part))
    .filter((part, at) => part.startsWith("--") || !rest[at - 1]?.startsWith("--"))
    .filter(
      (part) =>
        !new RegExp(`(?:^|[^\\w-])${part.replace(/^--/, "(?:--)?")}(?![\\w-])`, "m").test(file),
    );
  return isCommand ? unknown : [word, ...unknown];
}
