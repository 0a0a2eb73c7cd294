import { expect, it } from "@jest/globals";
import { lsn } from "../../../src/relay/lsn.ts";
import { tableUnknown } from "../../../src/relay/table-unknown.ts";

it.each([
  ["child", "public.child"],
  ["order away", "'public.order away'"],
  ["a.b", `'public."a.b"'`],
  ["order; rm 'x'", "'public.order; rm '\\''x'\\'''"],
])("a table named %s is named in a command as a shell takes it", (name, written) => {
  const relation = { oid: 5, schema: "public", name, columns: [] };
  const unknown = { kind: "unknown", reason: "it is gone" } as const;
  const { hint } = tableUnknown(relation, unknown, lsn(1n), 1);
  expect(hint).toContain(`outbox-relay accept table ${written} --publish`);
  expect(hint).toContain(`outbox-relay accept table ${written} --pass-over`);
});
