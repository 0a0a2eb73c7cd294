import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { loadConfig } from "../../../src/config/load.ts";

const KAFKA = { RELAY_KAFKA_BROKERS: "k:1" };

function urlOf(env: Readonly<Record<string, string>>): URL {
  return new URL(loadConfig({ ...KAFKA, ...env }).config.database.url);
}

describe("libpq's variables", () => {
  it("make a URL where none is given", () => {
    const env = {
      PGHOST: "db",
      PGPORT: "5433",
      PGDATABASE: "shop",
      PGUSER: "relay",
      PGPASSWORD: "pw",
    };
    expect(urlOf(env).href).toBe("postgres://relay:pw@db:5433/shop");
    expect(urlOf({ PGHOST: "db" }).href).toBe("postgres://db:5432/");
  });

  it("fill what a URL leaves out, and change nothing that it says", () => {
    const env = {
      PGHOST: "other",
      PGPORT: "1",
      PGDATABASE: "other",
      PGUSER: "other",
      PGPASSWORD: "pw",
    };
    expect(urlOf({ ...env, DATABASE_URL: "postgres://me@db:5432/shop?sslmode=require" }).href).toBe(
      "postgres://me:pw@db:5432/shop?sslmode=require",
    );
    expect(urlOf({ ...env, DATABASE_URL: "postgres:///shop" }).href).toBe(
      "postgres://other:pw@other:1/shop",
    );
  });

  it("fill the URLs of the stream and of the migrations too", () => {
    const { database } = loadConfig({
      ...KAFKA,
      RELAY_DATABASE_URL: "postgres://a@pool/shop",
      RELAY_REPLICATION_URL: "postgres://a@direct/shop",
      PGPASSWORD: "pw",
    }).config;
    expect(database.replicationUrl).toBe("postgres://a:pw@direct:5432/shop");
    expect(database.migrationUrl).toBe("postgres://a:pw@pool:5432/shop");
  });

  it("may name several hosts, with one port for all or one for each", () => {
    const url = (env: Readonly<Record<string, string>>): string =>
      loadConfig({ ...KAFKA, ...env }).config.database.url;
    const rest = { PGUSER: "u", PGDATABASE: "d" };
    expect(url({ ...rest, PGHOST: "a,b", PGPORT: "1,2" })).toBe("postgres://u@a:1,b:2/d");
    expect(url({ ...rest, PGHOST: "a,::1", PGPORT: "1" })).toBe("postgres://u@a:1,[::1]:1/d");
    expect(url({ ...rest, PGHOST: "a,b" })).toBe("postgres://u@a:5432,b:5432/d");
  });

  it("fill the hosts of a list in a URL one by one", () => {
    const { url } = loadConfig({
      ...KAFKA,
      DATABASE_URL: "postgres://a:1,b,[::1]/d?target_session_attrs=primary",
      PGPORT: "7",
      PGUSER: "u",
      PGPASSWORD: "p@,w",
    }).config.database;
    expect(url).toBe("postgres://u:p%40%2Cw@a:1,b:7,[::1]:7/d?target_session_attrs=primary");
  });

  it("may name the folder of a Unix socket", () => {
    expect(decodeURIComponent(urlOf({ PGHOST: "/run/postgresql" }).hostname)).toBe(
      "/run/postgresql",
    );
  });

  it("keep every character of a password and a database name", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (text) => {
        fc.pre(text.isWellFormed() && !/\0|^\.\.?$/.test(text));
        const url = urlOf({ PGHOST: "db", PGUSER: text, PGPASSWORD: text, PGDATABASE: text });
        expect(decodeURIComponent(url.username)).toBe(text);
        expect(decodeURIComponent(url.password)).toBe(text);
        expect(decodeURIComponent(url.pathname)).toBe(`/${text}`);
      }),
      { examples: [["100%41"], ["a@b:c/d?e#f"], ["%"], [" \t"], ["ü€"]] },
    );
  });

  it("are refused where the URL would drop them without a word", () => {
    for (const port of ["x", "0", "65536", "5432x"]) {
      expect(() => urlOf({ PGHOST: "db", PGPORT: port })).toThrow("PGPORT");
    }
    expect(() => urlOf({ PGHOST: "a,,b" })).toThrow("PGHOST");
    expect(() => urlOf({ PGHOST: "a b" })).toThrow("PGHOST");
    expect(() => urlOf({ PGHOST: "a,b,c", PGPORT: "1,2" })).toThrow("PGPORT");
    expect(() => urlOf({ PGHOST: "db", PGDATABASE: ".." })).toThrow("PGDATABASE");
  });

  it("without a host do not make a URL: the database stays required", () => {
    expect(() => urlOf({ PGUSER: "relay", PGDATABASE: "shop" })).toThrow(
      "RELAY_DATABASE_URL is not set",
    );
  });
});
