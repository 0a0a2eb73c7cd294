import type { Mutant } from "./mutant.ts";

/** What a start asks for, and what it decides without. */
export const START_MUTANTS: readonly Mutant[] = [
  {
    name: "take a stream that ends before the start for one that brought nothing",
    harm: "keeps back the rows right before one that Postgres cannot decode, for ever, and shows no cause",
    file: "src/relay/held-slot.ts",
    edits: [
      {
        find: 'activePid === null && endedWith?.remedy === "halt"',
        replace: "activePid === null && endedWith === undefined",
      },
    ],
    caughtBy: { unit: "test/unit/relay/lost-streams" },
  },
  {
    name: "keep a slot for ours that another relay has taken",
    harm: "fences the relay that has taken over",
    file: "src/relay/held-slot.ts",
    edits: [
      {
        find: 'activePid === null && endedWith?.remedy === "halt"',
        replace: 'endedWith?.remedy === "halt"',
      },
    ],
    caughtBy: { unit: "test/unit/relay/lost-streams" },
  },
  {
    name: "answer every question for the password",
    harm: "gives the database password to anybody on the way",
    file: "src/postgres/auth-rule.ts",
    edits: [
      {
        find: "    return isSafe || !REVEALING.has(method) ? null : new AuthRefusedError(method, false);",
        replace: "    return isSafe ? null : null;",
      },
    ],
    caughtBy: { unit: "test/unit/postgres/auth-rule" },
  },
  {
    name: "tell what is wrong with the tables before whose checkpoint it is",
    harm: "a relay that was led to another server asks for changes there, and keeps the halt for its own server",
    file: "src/relay/relay.ts",
    edits: [
      { find: "isSinkFit ? await this.#preparation.strangeness(stop) : null", replace: "null" },
    ],
    caughtBy: { unit: "test/unit/relay/strangers" },
  },
  {
    name: "need the timeline's history at every start",
    harm: "never starts again on a promoted server whose history file was removed",
    file: "src/postgres/server-identity.ts",
    edits: [
      {
        find: "if (isServerError(error) && NO_HISTORY.has(error.code)) return null;",
        replace: "",
      },
    ],
    caughtBy: { integration: "postgres/preflight-server" },
  },
  {
    name: "halt without a history on the checkpoint's own timeline",
    harm: "asks for a file that decides nothing",
    file: "src/relay/settle/continuity.ts",
    edits: [
      {
        find: "  if (lineage.timeline === checkpoint.timeline) {",
        replace: "  if (lineage.timeline === checkpoint.timeline && historyOf(lineage).isKnown) {",
      },
    ],
    caughtBy: { unit: "relay/continuity-edges" },
  },
  {
    name: "take a history that is not there for one without the checkpoint's timeline",
    harm: "sends people to another server instead of to the missing file",
    file: "src/relay/timeline-history.ts",
    edits: [
      {
        find: "return this.#current === 1 || this.#ancestors.length > 0;",
        replace: "return true;",
      },
    ],
    caughtBy: { unit: "relay/continuity-edges" },
  },
  {
    name: "never adopt a server of a later timeline",
    harm: "leaves no way out where its history is lost for good",
    file: "src/relay/operate/operations.ts",
    edits: [{ find: "!(isUnproved(found) && takesOver)", replace: "true" }],
    caughtBy: { unit: "relay/strangers" },
  },
  {
    name: "ask for nothing that the role may not look at",
    harm: "answers a revoked function with the advice to give REPLICATION",
    file: "src/postgres/preflight/right-findings.ts",
    edits: [{ find: `  "pg_control_system()",\n`, replace: "" }],
    caughtBy: { integration: "postgres/preflight-rights" },
  },
  {
    name: "read the sessions' view for the name of the slot's holder",
    harm: "halts a role without a right that decides nothing",
    file: "src/postgres/slot-row.ts",
    edits: [
      {
        find: "(select a.application_name from pg_stat_get_activity(coalesce(s.active_pid, 0)) a)",
        replace: "(select a.application_name from pg_stat_activity a where a.pid = s.active_pid)",
      },
    ],
    caughtBy: { integration: "postgres/preflight-rights" },
  },
];
