import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { serverAccount } from "../../../src/demo/services/postgres-binaries.ts";
import type { PostgresOptions } from "../../../src/postgres/replication-source.ts";
import type { TlsOptions } from "../../../src/postgres/tls.ts";
import { PREFER_TLS } from "../../../src/postgres/tls.ts";
import { OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

const run = promisify(execFile);

let folder: string;
let server: PostgresServer;
let outbox: OutboxDatabase;

/** A certificate for localhost that nobody but us trusts. */
async function makeCertificate(): Promise<{ ssl_cert_file: string; ssl_key_file: string }> {
  folder = await mkdtemp(join(tmpdir(), "outbox-relay-tls-"));
  await chmod(folder, 0o755);
  const files = { ssl_cert_file: join(folder, "cert.pem"), ssl_key_file: join(folder, "key.pem") };
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const out = ["-keyout", files.ssl_key_file, "-out", files.ssl_cert_file];
  await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...names, ...out]);
  const account = serverAccount();
  await chmod(files.ssl_key_file, 0o600);
  if (account !== undefined) await chown(files.ssl_key_file, account.uid, account.gid);
  return files;
}

function url(host: string): string {
  const address = new URL(outbox.url);
  address.hostname = host;
  return address.href;
}

beforeAll(async () => {
  server = await startPostgres({ settings: { ssl: "on", ...(await makeCertificate()) } });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  outbox = await OutboxDatabase.create(server.url);
});

afterEach(async () => {
  await outbox.drop();
});

describe("a stream over TLS", () => {
  const trusted = async (
    host = "localhost",
  ): Promise<Pick<PostgresOptions, "connectionString" | "tls">> => {
    const ca = await readFile(join(folder, "cert.pem"), "utf8");
    return { connectionString: url(host), tls: { ...PREFER_TLS, mode: "verify-full", ca } };
  };

  it("is encrypted, and brings the rows whole and in order", async () => {
    const handlers = new RecordingHandlers();
    const stream = await outbox.stream(handlers, await trusted());
    const [session] = await outbox.query<{ ssl: boolean }>(
      `select ssl from pg_stat_ssl where pid =
         (select active_pid from pg_replication_slots where slot_name = $1)`,
      [outbox.slot],
    );
    expect(session).toEqual({ ssl: true });
    await outbox.insert(20_000, JSON.stringify("x".repeat(200)));
    stream.pause();
    stream.resume();
    await handlers.untilInserts(20_000);
    expect(handlers.rows.map(([id]) => Number(id))).toEqual(
      Array.from({ length: 20_000 }, (_, index) => index + 1),
    );
    await stream.close();
    expect(await outbox.isActive()).toBe(false);
  });

  it("halts at a certificate that it does not trust, and at one for another host", async () => {
    await outbox.createSlot();
    const tls: TlsOptions = { ...PREFER_TLS, mode: "verify-full", ca: "system" };
    const untrusted = { connectionString: url("localhost"), tls };
    for (const options of [untrusted, await trusted("127.0.0.1")]) {
      expect(await outbox.refusal(options)).toMatchObject({
        code: "POSTGRES_TLS",
        remedy: "halt",
      });
    }
  });
});
