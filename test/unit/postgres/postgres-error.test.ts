import { describe, expect, it } from "@jest/globals";
import type { ErrorPlace } from "../../../src/postgres/postgres-error.ts";
import { postgresError } from "../../../src/postgres/postgres-error.ts";
import { RelayError } from "../../../src/relay/errors.ts";

const CONTEXT = {
  address: { host: "db.example", port: 5433, user: "relay", database: "shop" },
  slot: "outbox_relay",
  publications: ["outbox_pub"],
};

function serverError(code: string, message = "text of the server"): Error {
  return Object.assign(new Error(message), { code, severity: "ERROR", routine: "SomeRoutine" });
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe("an error of Postgres", () => {
  it.each<[string, ErrorPlace, string, string]>([
    ["55006", "start", "SLOT_BUSY", "standby"],
    ["25006", "query", "NOT_PRIMARY", "retry"],
    ["55000", "query", "POSTGRES_ERROR", "halt"],
    ["28P01", "connect", "POSTGRES_AUTHENTICATION", "halt"],
    ["28000", "connect", "POSTGRES_AUTHENTICATION", "halt"],
    ["3D000", "connect", "POSTGRES_DATABASE_MISSING", "halt"],
    ["57P01", "stream", "POSTGRES_UNAVAILABLE", "retry"],
    ["57P03", "connect", "POSTGRES_UNAVAILABLE", "retry"],
    ["53300", "connect", "POSTGRES_TOO_MANY_CONNECTIONS", "retry"],
    ["42501", "connect", "POSTGRES_PERMISSION", "halt"],
    ["42704", "start", "GAP_SLOT_MISSING", "halt"],
    ["42704", "stream", "PUBLICATION_MISSING", "halt"],
    ["42704", "query", "POSTGRES_ERROR", "halt"],
    ["08P01", "connect", "POSTGRES_SESSION", "halt"],
    ["08P01", "stream", "POSTGRES_ERROR", "retry"],
    ["08006", "stream", "POSTGRES_ERROR", "retry"],
    ["53100", "stream", "POSTGRES_ERROR", "retry"],
    ["57014", "stream", "POSTGRES_TIMEOUT", "retry"],
    ["57P05", "query", "POSTGRES_TIMEOUT", "retry"],
    ["25P03", "query", "POSTGRES_TIMEOUT", "retry"],
    ["25P04", "query", "POSTGRES_TIMEOUT", "retry"],
    ["55P03", "query", "POSTGRES_TIMEOUT", "retry"],
    ["58030", "stream", "POSTGRES_ERROR", "retry"],
    ["XX000", "stream", "POSTGRES_DECODING", "halt"],
    ["XX000", "query", "POSTGRES_ERROR", "retry"],
    ["22P05", "stream", "POSTGRES_DECODING", "halt"],
    ["22021", "stream", "POSTGRES_DECODING", "halt"],
    ["22021", "query", "POSTGRES_ERROR", "halt"],
  ])("with SQLSTATE %s at %s becomes %s (%s)", (state, place, code, remedy) => {
    const error = postgresError(serverError(state), place, CONTEXT);
    expect(error).toMatchObject({ code, remedy });
    expect(error.hint).not.toBe("");
  });

  it.each([
    ["25P03", "idle_in_transaction_session_timeout"],
    ["25P04", "transaction_timeout"],
    ["55P03", "lock_timeout"],
    ["57014", "statement_timeout"],
    ["57P05", "idle_session_timeout"],
  ])("with SQLSTATE %s names the setting, %s", (state, setting) => {
    expect(postgresError(serverError(state), "query", CONTEXT).message).toContain(setting);
  });

  it("about text that is no UTF-8 names the table whose rows were read, and how to find them", () => {
    const context = { ...CONTEXT, table: "app.outbox" };
    const error = postgresError(serverError("22021"), "query", context);
    expect(error.message).toMatch(/^a row of app\.outbox holds text that is no UTF-8.*22021/);
    expect(error.hint).toContain("select id from app.outbox t");
    expect(postgresError(serverError("22021"), "query", CONTEXT).message).toContain("22021");
  });

  it("that has no code of ours is told by its SQLSTATE", () => {
    expect(postgresError(serverError("58P01"), "stream", CONTEXT).message).toContain("58P01");
  });

  it.each(["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "ECONNRESET", "EAI_AGAIN", "EPIPE"])(
    "of the network, %s, is tried again and names the address",
    (code) => {
      const error = postgresError(networkError(code), "connect", CONTEXT);
      expect(error).toMatchObject({ code: "POSTGRES_UNREACHABLE", remedy: "retry" });
      expect(error.message).toContain(`db.example:5433 (${code})`);
    },
  );

  it.each([
    networkError("SELF_SIGNED_CERT_IN_CHAIN"),
    networkError("ERR_TLS_CERT_ALTNAME_INVALID"),
    networkError("CERT_HAS_EXPIRED"),
    new Error("The server does not support SSL connections"),
  ])("of TLS halts: %p", (cause) => {
    expect(postgresError(cause, "connect", CONTEXT)).toMatchObject({
      code: "POSTGRES_TLS",
      remedy: "halt",
    });
  });

  it("without a password halts as one of authentication", () => {
    const cause = new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string");
    expect(postgresError(cause, "connect", CONTEXT).code).toBe("POSTGRES_AUTHENTICATION");
  });

  it("names the slot's holder whatever language the server writes", () => {
    const cause = serverError("55006", "Replikations-Slot »s1« ist aktiv für PID 4711");
    expect(postgresError(cause, "start", CONTEXT).message).toContain("pid 4711");
  });

  it("keeps the server's text as its cause, but not when it may quote a row", () => {
    const harmless = serverError("53100", "no space left on device");
    expect(postgresError(harmless, "stream", CONTEXT).cause).toBe(harmless);
    const quoting = serverError("22P02", 'invalid input syntax for type integer: "4111 1111"');
    const error = postgresError(quoting, "stream", CONTEXT);
    expect(String(error.cause)).toBe("Error: SQLSTATE 22P02 in SomeRoutine");
  });

  it.each(["28000", "42501", "42704", "53300", "57P03", "08P01", "XX000"])(
    "with SQLSTATE %s is told with the server's own text",
    (state) => {
      expect(postgresError(serverError(state), "connect", CONTEXT).message).toContain(
        "text of the server",
      );
    },
  );

  it("of a pooler names the pooler and both connection strings", () => {
    const cause = serverError("08P01", "unsupported startup parameter: options");
    const { message, hint } = postgresError(cause, "connect", CONTEXT);
    expect(message).toContain("pooler");
    expect(message).toContain("unsupported startup parameter: options");
    expect(hint).toMatch(/RELAY_DATABASE_URL and RELAY_REPLICATION_URL/);
  });

  it("that is a RelayError already passes unchanged", () => {
    const error = new RelayError("x", { code: "CONFIG_SLOT", remedy: "halt", hint: "y" });
    expect(postgresError(error, "query", CONTEXT)).toBe(error);
  });
});
