/** SQL that makes the user types that drawn columns may have; each world makes all of them in its own database. */
export const USER_TYPES: readonly string[] = [
  "create domain public.event_bytes as bytea check (octet_length(value) < 1000000)",
  "create domain public.small_event_bytes as public.event_bytes check (octet_length(value) < 100000)",
  "create domain public.event_json as jsonb",
  "create domain public.short_text as text check (length(value) < 10000)",
  "create domain public.shorter_text as public.short_text check (length(value) < 1000)",
  'create domain public."Kennung" as uuid',
  "create type public.event_kind as enum ('Placed', 'Paid', 'Verschickt nach Übersee')",
  "create type public.route_kind as enum ('order', 'invoice')",
  "create type public.key_kind as enum ('alpha', 'beta', 'gamma')",
  "create domain public.key_kind_domain as public.key_kind",
];

/** Types that each role of the relay may have. */
export const TYPES = {
  id: [
    "uuid",
    "uuid",
    'public."Kennung"',
    "text",
    "varchar(80)",
    "char(40)",
    "bigint",
    "public.shorter_text",
  ],
  route: ["text", "text", "varchar(30)", "public.route_kind", "public.short_text"],
  key: [
    "text",
    "text",
    "varchar(60)",
    "char(12)",
    "bigint",
    "uuid",
    "bytea",
    "public.event_bytes",
    "public.key_kind",
    "public.key_kind_domain",
    "public.shorter_text",
    'public."Kennung"',
  ],
  type: ["text", "varchar(60)", "public.event_kind", "public.short_text"],
  payload: [
    "jsonb",
    "jsonb",
    "json",
    "text",
    "bytea",
    "public.event_bytes",
    "public.small_event_bytes",
    "public.event_json",
  ],
  headers: ["jsonb", "jsonb", "json", "text", "public.event_json"],
} as const;

const BASE: Readonly<Record<string, string>> = {
  "public.event_bytes": "bytea",
  "public.small_event_bytes": "bytea",
  "public.event_json": "jsonb",
  "public.short_text": "text",
  "public.shorter_text": "text",
  'public."Kennung"': "uuid",
  "public.key_kind_domain": "public.key_kind",
};

/** The type below all domains. */
export function baseType(type: string): string {
  return BASE[type] ?? type;
}

export function isBytes(type: string): boolean {
  return baseType(type) === "bytea";
}
