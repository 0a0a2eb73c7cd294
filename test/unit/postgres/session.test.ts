import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { sessionConfig } from "../../../src/postgres/session.ts";

describe("the session's configuration", () => {
  it("pins what a value's text depends on, after what the connection string asks for", () => {
    const url =
      "postgres://u:p@host:5433/shop?options=-c%20bytea_output%3Descape&application_name=x";
    const { client, address } = sessionConfig(url, "relay:one");
    const options = client.options ?? "";
    expect(options.indexOf("bytea_output=escape")).toBeLessThan(
      options.indexOf("bytea_output=hex"),
    );
    expect(options).toContain("-c client_encoding=UTF8");
    expect(client.application_name).toBe("relay:one");
    expect(address).toEqual({ host: "host", port: 5433, user: "u", database: "shop" });
    expect(client.password).toBe("p");
  });

  it("escapes blanks in settings", () => {
    const { client } = sessionConfig("postgres://h/d", "relay", { a: "b c\\d" });
    expect(client.options).toContain("-c a=b\\ c\\\\d");
  });

  it("takes the parts of a connection as `pg` does", () => {
    const parts = { host: "h", port: 1, user: "u", database: "d", password: "p" };
    const { client } = sessionConfig(parts, "relay");
    expect(client).toMatchObject({ ...parts, keepAlive: true });
  });

  it("lets no variable of libpq switch TLS on or off behind our back", () => {
    const variables = { PGSSLMODE: "require", PGSSLNEGOTIATION: "direct" };
    Object.assign(process.env, variables);
    try {
      const { client } = sessionConfig("postgres://h/d", "relay");
      expect(client.ssl).toBe(false);
      expect(new pg.Client(client)).toMatchObject({
        ssl: false,
        connectionParameters: { ssl: false, sslnegotiation: "postgres" },
      });
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  });

  it.each(["sslmode=require", "ssl=true", "sslrootcert=%2Fca.pem", "uselibpqcompat=true"])(
    "refuses a connection string whose %s nobody has read",
    (parameter) => {
      expect(() => sessionConfig(`postgres://u:secret-word@h/d?${parameter}`, "relay")).toThrow(
        expect.objectContaining({
          code: "CONFIG_DATABASE_URL",
          message: expect.not.stringContaining("secret-word"),
        }),
      );
    },
  );

  it("does not repeat a connection string that cannot be read", () => {
    const read = (): unknown => sessionConfig("postgres://u:secret-word@h:port/d", "relay");
    expect(read).toThrow(expect.not.objectContaining({ cause: expect.anything() }));
    expect(read).toThrow("RELAY_DATABASE_URL cannot be read");
  });
});
