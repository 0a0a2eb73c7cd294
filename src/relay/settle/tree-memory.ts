import type { TreeMark, TreePart } from "../capture/tree.ts";

/** How many tables below the outbox tables a checkpoint remembers, gone ones included. */
export const TREE_REMEMBERED_MAX = 256;

/** What former looks found, by key: what is there, and what is gone and may come back. */
export interface TreeMemory {
  readonly marks: Readonly<Record<string, TreeMark>>;
  /**
   * Links that are no newer may be of tables that were there and are not remembered; null where all are. It is the id of a
   * transaction, of 32 bits.
   */
  readonly since: string | null;
}

const FIELDS = ["link", "toast", "listing", "listed", "version", "owner", "name"] as const;

/** `former` and what a look found now; of what is gone the newest tables stay. */
export function remembered(former: TreeMemory | null, now: readonly TreePart[]): TreeMemory {
  const seen = new Map(now.map((part) => [part.key, markOf(part)] as const));
  const gone = Object.entries(former?.marks ?? {}).filter(([key]) => !seen.has(key));
  const kept = gone.toSpliced(0, Math.max(0, gone.length - TREE_REMEMBERED_MAX));
  return { marks: Object.fromEntries([...kept, ...seen]), since: null };
}

/** For a checkpoint: of the tables that are there those whose links are newest, then the newest that are gone. */
export function bounded({ marks }: TreeMemory, now: readonly TreePart[]): TreeMemory {
  const there = now.filter(isTable).toSorted((a, b) => -olderBy(a.link, b.link));
  const dropped = there[TREE_REMEMBERED_MAX];
  const kept = there.toSpliced(TREE_REMEMBERED_MAX).map(({ key }) => key);
  const others = now.filter((part) => !isTable(part)).map(({ key }) => key);
  const present = new Set(now.map(({ key }) => key));
  const gone = Object.keys(marks).filter((key) => !present.has(key));
  const room = TREE_REMEMBERED_MAX - kept.length;
  const keys = [...others, ...gone.toSpliced(0, Math.max(0, gone.length - room)), ...kept];
  return {
    marks: Object.fromEntries(keys.map((key) => [key, marks[key] as TreeMark])),
    since: dropped === undefined ? null : newestOf(dropped.link),
  };
}

/** Whether no former look can have seen the table, also one that is not remembered. */
export function isNew({ marks, since }: TreeMemory, { key, link }: TreePart): boolean {
  return marks[key] === undefined && (since === null || olderBy(link, since) > 0);
}

/** Outbox tables and schemas are named by the settings, and have letters before their OIDs. */
export function isTable({ key }: Pick<TreePart, "key">): boolean {
  return /^\d/.test(key);
}

/** How many transactions `other` is older than `link`; ids of transactions count in a circle of 32 bits. */
function olderBy(link: string, other: string): number {
  return (Number(newestOf(link)) - Number(newestOf(other))) | 0;
}

/** A table with several links became a part by the first one, and any of them may have been made again. */
function newestOf(link: string): string {
  const [first = "0", ...others] = link.split(".");
  return others.reduce((newest, id) => (olderBy(id, newest) > 0 ? id : newest), first);
}

function markOf({ link, toast, listing, listed, version, owner, name }: TreePart): TreeMark {
  return { link, toast, listing, listed, version, owner, name: version === "" ? "" : name };
}

/** Stored forms that were made already: a checkpoint goes with every batch, and the memory changes with a look only. */
const encoded = new WeakMap<TreeMemory, object>();

/** Each mark as a list without what is empty at its end. */
export function encodeTree(memory: TreeMemory): object {
  const made = encoded.get(memory) ?? encodeMarks(memory);
  encoded.set(memory, made);
  return made;
}

function encodeMarks({ marks, since }: TreeMemory): object {
  const parts = Object.entries(marks).map(([key, mark]) => [key, encodeMark(mark)] as const);
  return { ...(since !== null && { since }), parts: Object.fromEntries(parts) };
}

function encodeMark(mark: TreeMark): string[] {
  const values = FIELDS.map((field) => mark[field]);
  return values.toSpliced(values.findLastIndex((value) => value !== "") + 1);
}

/** Null for anything else than what `encodeTree` writes. */
export function decodeTree(value: unknown): TreeMemory | null {
  const { parts, since = null } = (value ?? {}) as Record<string, unknown>;
  if (typeof parts !== "object" || parts === null) return null;
  if (since !== null && typeof since !== "string") return null;
  const entries = Object.entries(parts as Record<string, unknown>);
  const marks = entries.map(([key, fields]) => [key, decodeMark(fields)] as const);
  if (marks.some(([, mark]) => mark === null)) return null;
  return { marks: Object.fromEntries(marks) as Record<string, TreeMark>, since };
}

function decodeMark(value: unknown): TreeMark | null {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) return null;
  const [link = "", toast = "", listing = "", listed = "", version = "", owner = "", name = ""] =
    value;
  return { link, toast, listing, listed, version, owner, name };
}
