import type { Check } from "../../relay/check.ts";
import type { Shard } from "../../relay/shard.ts";
import { formatShard } from "../../relay/shard.ts";
import type { TableFacts } from "../preflight/facts.ts";
import type { ShardFacts, SiblingFacts } from "../preflight/shard-facts.ts";
import { shardFindings } from "../preflight/shard-findings.ts";
import type { ColumnNames } from "../start-command.ts";
import { check } from "./question.ts";

export interface ShardExpectations {
  readonly shard: Shard | null;
  /** `server_version_num`. */
  readonly version: number;
  readonly tables: readonly TableFacts[];
  readonly columns: ColumnNames;
}

/** How the keys are divided among relays; nothing where one relay has them all. */
export function shardChecks(facts: ShardFacts, expected: ShardExpectations): Check[] {
  const { shard, version, tables, columns } = expected;
  if (shard === null && facts.rivals.length === 0) return [];
  return [
    check("shards", "each row needs one relay that publishes it, and only one", {
      seen: [
        shard === null ? "this one has all keys" : `this one is ${formatShard(shard)}`,
        ...facts.siblings.map(siblingText),
        ...facts.rivals.map(({ slot }) => `slot ${slot} of another division`),
      ].join(", "),
      findings: shardFindings(shard, version, facts, tables, columns),
    }),
  ];
}

function siblingText({ shard, isActive }: SiblingFacts): string {
  const state = isActive === null ? "has no slot" : isActive ? "is read" : "is read by nobody now";
  return `${formatShard(shard)} ${state}`;
}
