import type { Catalog } from "../capture/catalog.ts";
import type { RelayError } from "../errors.ts";
import { publicationChanged, tableMoved } from "./continuity-faults.ts";

const TABLE = "table ";

/** What became of the catalogs since `former`; `isSetOtherwise`: RELAY_TABLES or the publication's name was changed as well. */
export function catalogFaults(
  former: Catalog,
  now: Catalog,
  isSetOtherwise: boolean,
): RelayError[] {
  const decided = decidingChanges(former, now, isSetOtherwise);
  return [
    ...(decided.length === 0 ? [] : [publicationChanged(decided, !isSetOtherwise)]),
    ...unexplainedFaults(former, now),
  ];
}

/** Parts that were changed, and decide as before: a change that was taken back. What else differs does not hide it. */
function unexplainedFaults(former: Catalog, now: Catalog): RelayError[] {
  const unexplained = touchedParts(former, now).filter(
    (part) => isDecidingAsBefore(former, now, part) && isSameOwner(former, now, part),
  );
  if (unexplained.length === 0) return [];
  const isTableOnly = unexplained.every((part) => part.startsWith(TABLE));
  return [isTableOnly ? tableMoved(unexplained) : publicationChanged(takenBack(unexplained), true)];
}

function isDecidingAsBefore(former: Catalog, now: Catalog, part: string): boolean {
  return former[part] !== undefined && former[part].deciding === now[part]?.deciding;
}

/** Parts whose owner was changed, and nothing that decides: the owner explains why they were touched. */
export function ownerChanges(former: Catalog, now: Catalog): string[] {
  return touchedParts(former, now).filter((part) => !isSameOwner(former, now, part));
}

function touchedParts(former: Catalog, now: Catalog): string[] {
  return Object.keys(now).filter((part) => former[part]?.touched !== now[part]?.touched);
}

function isSameOwner(former: Catalog, now: Catalog, part: string): boolean {
  return former[part]?.owner === now[part]?.owner;
}

function decidingChanges(former: Catalog, now: Catalog, isSetOtherwise: boolean): string[] {
  const parts = [...new Set([...Object.keys(former), ...Object.keys(now)])].toSorted();
  return parts
    .filter((part) => former[part]?.deciding !== now[part]?.deciding)
    .map((part) => {
      if (former[part] === undefined) return isNew(part, isSetOtherwise);
      if (now[part] === undefined) return isGone(part, isSetOtherwise);
      return `${part} is another one, or is set otherwise`;
    });
}

function isNew(part: string, isSetOtherwise: boolean): string {
  if (!isSetOtherwise || !part.startsWith(TABLE)) return `${part} is new`;
  return `${part.substring(TABLE.length)} is new in RELAY_TABLES; only a repair publishes what it already holds`;
}

function isGone(part: string, isSetOtherwise: boolean): string {
  if (!isSetOtherwise || !part.startsWith(TABLE)) return `${part} is gone`;
  return `${part.substring(TABLE.length)} is no longer in RELAY_TABLES`;
}

function takenBack(parts: readonly string[]): string[] {
  return [
    `${parts.join(", ")} was altered. Nothing that decides which rows come differs now: the only possible gap is a change that was taken back`,
  ];
}
