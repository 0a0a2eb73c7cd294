import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import { accessFindings, orderFindings } from "../backfill/repair-findings.ts";
import type { PublicationFacts, TableFacts } from "../preflight/facts.ts";
import type { RowsWanted } from "../preflight/publication-findings.ts";
import { publicationFindings } from "../preflight/publication-findings.ts";
import { tableFindings } from "../preflight/table-findings.ts";
import type { TreeFacts } from "../preflight/tree-facts.ts";
import { treeFindings } from "../preflight/tree-findings.ts";
import type { WayFacts } from "../preflight/way-facts.ts";
import { underOwnName, wayFindings } from "../preflight/way-findings.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import { check } from "./question.ts";
import type { TableSample } from "./table-sample.ts";

export interface OutboxView {
  readonly role: string;
  readonly tables: readonly TableFacts[];
  readonly publications: readonly PublicationFacts[];
  readonly way: WayFacts;
  readonly tree: TreeFacts;
  readonly samples: readonly TableSample[];
}

export interface OutboxExpectations extends RowsWanted {
  readonly tables: readonly TableName[];
  readonly columns: ColumnNames;
  readonly areHeadersRequired: boolean;
  readonly publications: readonly string[];
}

/** The outbox tables and the publication that lets their rows into the stream. */
export function outboxChecks(view: OutboxView, expected: OutboxExpectations): Check[] {
  const { tables, publications, way, tree, samples } = view;
  const names = expected.tables.map(sqlTableName).join(", ");
  return [
    check("outbox tables", "each must exist, be logged and have the columns that make an event", {
      seen: tables.length === 0 ? `no ${names}` : tables.map(tableText).join("; "),
      findings: tableFindings(
        expected.tables,
        tables,
        expected.columns,
        expected.areHeadersRequired,
      ),
    }),
    check("publication", "rows of a table that it lacks never come, and Postgres does not say so", {
      seen:
        publications.map(publicationText).join("; ") || `no ${expected.publications.join(", ")}`,
      findings: [
        ...publicationFindings(
          expected.publications,
          publications,
          underOwnName(tables, way),
          expected.columns,
          expected,
        ),
        ...wayFindings(way, expected.tables),
      ],
    }),
    check("tables below", "rows of each partition and child must reach the WAL and be published", {
      seen: treeText(tree),
      findings: treeFindings(tree, expected.publications, expected),
    }),
    check("repair", "after a lost slot the missing rows are found in the tables", {
      seen: tables.length === 0 ? "no table" : samples.map(repairText).join("; "),
      findings: samples.flatMap((sample) => repairFindings(sample, view.role)),
    }),
  ];
}

function tableText({ kind, columns, ...table }: TableFacts): string {
  return `${sqlTableName(table)}${kind === "p" ? " (partitioned)" : ""}, ${columns.length} columns`;
}

function treeText({ flawed, unlisted }: TreeFacts): string {
  const beside = unlisted.length === 0 ? "" : `, ${unlisted.length} published beside the outbox`;
  return `${flawed.length === 0 ? "all of them" : `${flawed.length} to look at`}${beside}`;
}

function publicationText({ name, members }: PublicationFacts): string {
  return `${sqlName(name)} with ${members.map(sqlTableName).join(", ") || "none of them"}`;
}

function repairText({ table, repair }: TableSample): string {
  const { mayRead, isFiltered, txid, hasWriteOrder } = repair;
  const access = !mayRead ? "not readable" : isFiltered ? "readable in part" : "readable";
  const columns = [
    `${txid?.type === "xid8" ? "with" : "without"} txid`,
    `${hasWriteOrder ? "with" : "without"} write_order`,
  ];
  return `${sqlTableName(table)} ${access}, ${columns.join(", ")}`;
}

function repairFindings({ repair }: TableSample, role: string): Finding[] {
  return [...accessFindings(repair, role), ...orderFindings(repair)];
}
