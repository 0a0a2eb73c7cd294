import { describe, expect, it } from "@jest/globals";
import { tlsFinding } from "../../../../src/postgres/doctor/tls-check.ts";
import type { SslMode } from "../../../../src/postgres/tls.ts";

interface Case {
  readonly version: string | null;
  readonly isLocal: boolean;
  readonly mode: SslMode;
  readonly ca: string | null;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  { version: null, isLocal: false, mode: "prefer", ca: null, says: /plain text/ },
  { version: null, isLocal: true, mode: "prefer", ca: null, says: /^$/ },
  {
    version: "TLSv1.3",
    isLocal: false,
    mode: "require",
    ca: null,
    says: /takes anyone who answers/,
  },
  { version: "TLSv1.3", isLocal: false, mode: "require", ca: "a CA", says: /^$/ },
  { version: "TLSv1.3", isLocal: false, mode: "verify-full", ca: null, says: /^$/ },
];

describe("the encryption of the session at Postgres", () => {
  it.each(CASES)("$version, local $isLocal, sslmode $mode with $ca: $says", (one) => {
    const { version, isLocal, mode, ca, says } = one;
    expect(tlsFinding({ version, isLocal }, mode, ca)?.message ?? "").toMatch(says);
  });
});
