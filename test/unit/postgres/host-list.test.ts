import { describe, expect, it } from "@jest/globals";
import { hostSessions } from "../../../src/postgres/host-list.ts";

function seen(connection: string): string[] {
  return hostSessions(connection, "relay").map(
    ({ address: { host, port, user, database }, client, needsPrimary }) =>
      `${user}:${String(client.password)}@${host}:${port}/${database} ${needsPrimary ? "primary" : "any"}`,
  );
}

describe("the hosts of a connection string", () => {
  it("are tried in their order, each with its port and all with the same user, password and database", () => {
    expect(seen("postgres://u:p,w@h1:1,h2,[::1]:3/shop")).toEqual([
      "u:p,w@h1:1/shop primary",
      "u:p,w@h2:5432/shop primary",
      "u:p,w@::1:3/shop primary",
    ]);
  });

  it("may come as parameters, with one port for all or one for each", () => {
    expect(seen("postgres:///shop?host=h1,h2&port=1,2&user=u&password=p")).toEqual([
      "u:p@h1:1/shop primary",
      "u:p@h2:2/shop primary",
    ]);
    expect(seen("postgres:///shop?host=h1%2Ch2&port=7&user=u&password=p")).toEqual([
      "u:p@h1:7/shop primary",
      "u:p@h2:7/shop primary",
    ]);
  });

  it("need the primary in a list, unless any server will do, and a single one only when asked to", () => {
    expect(seen("postgres://u:p@h1:1,h2:1/d?target_session_attrs=any")).toEqual([
      "u:p@h1:1/d any",
      "u:p@h2:1/d any",
    ]);
    expect(seen("postgres://u:p@h1:1/d")).toEqual(["u:p@h1:1/d any"]);
    for (const target of ["read-write", "primary"]) {
      expect(seen(`postgres://u:p@h1:1/d?target_session_attrs=${target}`)).toEqual([
        "u:p@h1:1/d primary",
      ]);
    }
  });

  it("keep what else the connection string asks for", () => {
    const [first, second] = hostSessions(
      "postgres://u:p@h1,h2/d?target_session_attrs=read-write&options=-c%20a%3Db",
      "relay",
    );
    for (const session of [first, second]) {
      expect(session?.client.options).toMatch(/^-c a=b /);
    }
  });

  it("cannot be asked for a standby", () => {
    const read = (): unknown => seen("postgres://u:secret-word@h/d?target_session_attrs=standby");
    expect(read).toThrow(expect.objectContaining({ code: "CONFIG_DATABASE_URL" }));
    expect(read).toThrow(expect.not.objectContaining({ message: /secret-word/ }));
  });

  it("that cannot be read are refused without a word of the password", () => {
    const read = (): unknown => seen("postgres://u:secret-word@h1:1,h2:port/d");
    expect(read).toThrow("RELAY_DATABASE_URL cannot be read");
  });
});
