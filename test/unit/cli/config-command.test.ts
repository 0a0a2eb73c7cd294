import { describe, expect, it } from "@jest/globals";
import { config } from "../../../src/cli/config-command.ts";
import type { Environment } from "../../../src/config/environment.ts";
import type { EffectiveSetting } from "../../../src/config/print.ts";
import { configurationMarkdown } from "../../../src/config/reference.ts";
import { settings } from "../../../src/config/schema.ts";
import { allSettings } from "../../../src/config/setting.ts";
import { CapturedOutput } from "../../support/captured-output.ts";
import { TestAuthority } from "../../support/tls/certificates.ts";

const SECRET = "hunter2@hunter2";
const ENV = {
  RELAY_DATABASE_URL: `postgres://u:${SECRET}@h1:1,h2:2/d?sslmode=require`,
  KAFKA_BROKERS: "kafka:9092",
  RELAY_SLOT_NAME: "billing",
};

async function run(
  argv: readonly string[],
  env: Environment = ENV,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = new CapturedOutput();
  const code = await config(argv, env, output);
  return { code, ...output.written };
}

async function printed(env: Environment): Promise<Map<string, EffectiveSetting>> {
  const { stdout } = await run(["print", "--json"], env);
  const found = JSON.parse(stdout) as EffectiveSetting[];
  return new Map(found.map((one) => [one.name, one]));
}

describe("outbox-relay config print", () => {
  it("tells every value with where it comes from", async () => {
    const found = await printed({ ...ENV, RELAY_BATCH_LINGER: "7ms", HOSTNAME: "pod-1" });
    expect(found.get("RELAY_BATCH_LINGER")).toMatchObject({ value: "7ms", from: "variable" });
    expect(found.get("RELAY_BATCH_MAX_EVENTS")).toMatchObject({ value: "16000", from: "default" });
    expect(found.get("RELAY_KAFKA_BROKERS")).toMatchObject({
      value: "kafka:9092",
      from: "alias",
      variable: "KAFKA_BROKERS",
    });
    expect(found.get("RELAY_INSTANCE_ID")).toMatchObject({ value: "pod-1", variable: "HOSTNAME" });
    expect(found.get("RELAY_CHECKPOINT_TOPIC")).toMatchObject({
      value: "outbox-relay.checkpoint.billing",
      from: "derived",
    });
    expect(found.get("RELAY_KAFKA_SASL_MECHANISM")).toMatchObject({ value: null, from: "unset" });
  });

  it("has every setting that users may set, and no other", async () => {
    const names = allSettings(settings).flatMap(({ setting }) =>
      setting.reserved ? [] : [setting.env],
    );
    expect([...(await printed(ENV)).keys()]).toEqual(names);
  });

  it("tells what libpq's variables and a URL's parameters make of a value", async () => {
    const { RELAY_DATABASE_URL: _, ...rest } = ENV;
    const parts = { PGHOST: "db", PGUSER: "u", PGPASSWORD: SECRET, PGSSLMODE: "require" };
    const found = await printed({ ...rest, ...parts });
    expect(found.get("RELAY_DATABASE_URL")).toMatchObject({
      value: "postgres://u:(hidden)@db:5432/",
      from: "libpq",
      variable: "PGHOST",
    });
    expect(found.get("RELAY_DATABASE_SSL_MODE")).toMatchObject({
      value: "require",
      from: "alias",
      variable: "PGSSLMODE",
    });
    expect((await printed(ENV)).get("RELAY_DATABASE_SSL_MODE")).toMatchObject({
      value: "require",
      from: "derived",
    });
  });

  it("writes a line for each where people read", async () => {
    const { code, stdout } = await run(["print"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\nRELAY_SLOT_NAME=billing  # variable\n");
    expect(stdout).toContain("\nRELAY_KAFKA_BROKERS=kafka:9092  # alias KAFKA_BROKERS\n");
  });

  it("hides every secret, wherever it is", async () => {
    const authority = await TestAuthority.create("CA");
    const { cert, key } = await authority.issue({ commonName: "me" });
    const env = {
      ...ENV,
      RELAY_REPLICATION_URL: `postgres://u@h/d?password=${SECRET}&sslpassword=${SECRET}&sslmode=disable`,
      RELAY_MIGRATION_DATABASE_URL: `postgres://owner:${SECRET}@h/d`,
      RELAY_KAFKA_TLS_CERT: cert,
      RELAY_KAFKA_TLS_KEY: key,
      RELAY_KAFKA_SASL_MECHANISM: "PLAIN",
      RELAY_KAFKA_SASL_USERNAME: "me",
      RELAY_KAFKA_SASL_PASSWORD: `postgres://${SECRET}`,
    };
    const secret = /hunter2|PRIVATE KEY/;
    for (const argv of [["print"], ["print", "--json"], ["check"]]) {
      const { code, stdout, stderr } = await run(argv, env);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).not.toMatch(secret);
    }
    const { stdout } = await run(["print"], env);
    expect(stdout).toContain("RELAY_KAFKA_SASL_PASSWORD=(hidden)");
    expect(stdout).toContain(
      "RELAY_DATABASE_URL=postgres://u:(hidden)@h1:1,h2:2/d?sslmode=require",
    );
    expect(stdout).toContain("RELAY_KAFKA_TLS_CERT=(PEM)");
  });

  it("cannot print settings that are no config", async () => {
    const { code, stdout, stderr } = await run(["print"], {});
    expect([code, stdout]).toEqual([78, ""]);
    expect(stderr).toContain("RELAY_DATABASE_URL is not set");
  });
});

describe("outbox-relay config check", () => {
  it("says ok, after what is unknown or weak", async () => {
    const safe = {
      ...ENV,
      RELAY_DATABASE_URL: "postgres://u:p@localhost/d",
      KAFKA_BROKERS: "localhost:9092",
    };
    expect(await run(["check"], safe)).toEqual({ code: 0, stdout: "ok\n", stderr: "" });
    const weak = { ...safe, RELAY_KAFKA_TLS_INSECURE: "true", RELAY_SLOT: "x" };
    const { code, stdout } = await run(["check"], weak);
    const [unknown, insecure, ok] = stdout.split("\n");
    expect([code, ok]).toEqual([0, "ok"]);
    expect(unknown).toMatch(/^warning: RELAY_SLOT is no setting/);
    expect(insecure).toMatch(/^warning: RELAY_KAFKA_TLS_INSECURE=true/);
  });

  it("tells all problems at once, those between settings too, with exit code 78", async () => {
    const { code, stdout, stderr } = await run(["check"], {
      RELAY_BATCH_LINGER: "soon",
      RELAY_KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
      RELAY_RETRY_INITIAL: "6s",
    });
    expect([code, stdout]).toEqual([78, ""]);
    for (const name of [
      "RELAY_BATCH_LINGER:",
      "RELAY_DATABASE_URL is not set",
      "RELAY_KAFKA_BROKERS is not set",
      "RELAY_KAFKA_SECURITY_PROTOCOL (SASL_SSL) needs RELAY_KAFKA_SASL_MECHANISM",
      "RELAY_RETRY_INITIAL (6000ms) must be at most RELAY_RETRY_MAX",
    ]) {
      expect(stderr).toContain(name);
    }
  });
});

describe("outbox-relay config", () => {
  it("writes the documentation that is in docs/configuration.md", async () => {
    expect(await run(["docs"], {})).toEqual({
      code: 0,
      stdout: configurationMarkdown(),
      stderr: "",
    });
  });

  it.each([[], ["show"], ["print", "--yaml"], ["check", "now"]])(
    "refuses other words with exit code 2: %j %j",
    async (...argv: string[]) => {
      const { code, stderr } = await run(argv);
      expect(code).toBe(2);
      expect(stderr).toContain("Usage: outbox-relay config");
    },
  );

  it("explains itself", async () => {
    expect((await run(["--help"])).stdout).toContain("Usage: outbox-relay config");
  });
});
