import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { AuthMethod } from "../../../src/postgres/auth-rule.ts";
import { AuthJudge, withAuthRule } from "../../../src/postgres/auth-rule.ts";
import { FakeListener } from "../../support/brokers/fake-listener.ts";
import { serverAt } from "./server-at.ts";

const CLEAR = "authenticationCleartextPassword";
const MD5 = "authenticationMD5Password";
const SCRAM = "authenticationSASL";
const LET_IN = "authenticationOk";

function socketTo(remoteAddress: string | undefined): Socket {
  return { remoteAddress } as Socket;
}

describe("a server's question for the password", () => {
  it.each([
    [CLEAR, "10.0.0.5", false, true],
    [MD5, "10.0.0.5", false, true],
    [SCRAM, "10.0.0.5", false, false],
    [LET_IN, "10.0.0.5", false, false],
    [CLEAR, "10.0.0.5", true, false],
    [MD5, "10.0.0.5", true, false],
    [CLEAR, "127.0.0.1", false, false],
    [CLEAR, "::ffff:127.0.0.1", false, false],
    [CLEAR, "::1", false, false],
    [CLEAR, undefined, false, false],
    [CLEAR, "::ffff:10.0.0.5", false, true],
    [CLEAR, "128.0.0.1", false, true],
  ])("%s of %s, verified %s, is refused: %s", (event, address, isVerified, isRefused) => {
    const fault = new AuthJudge(socketTo(address), isVerified).fault(event);
    expect(fault !== null).toBe(isRefused);
  });

  it.each<[readonly AuthMethod[], string, boolean]>([
    [["scram-sha-256"], SCRAM, false],
    [["scram-sha-256"], MD5, true],
    [["scram-sha-256"], CLEAR, true],
    [["scram-sha-256"], LET_IN, true],
    [["none"], LET_IN, false],
    [["password"], CLEAR, false],
  ])("goes by the setting on every link: %j, %s is refused: %s", (allowed, event, isRefused) => {
    for (const [address, isVerified] of [
      ["10.0.0.5", false],
      ["127.0.0.1", true],
    ] as const) {
      const socket = withAuthRule(socketTo(address), allowed);
      expect(new AuthJudge(socket, isVerified).fault(event) !== null).toBe(isRefused);
    }
  });

  it("is not missed where the server lets us in after it", () => {
    const socket = withAuthRule(socketTo("10.0.0.5"), ["scram-sha-256"]);
    const judge = new AuthJudge(socket, false);
    expect(judge.fault(SCRAM)).toBeNull();
    expect(judge.fault(LET_IN)).toBeNull();
  });
});

describe("a server that asks otherwise than the settings allow", () => {
  let server: FakeListener;

  afterEach(async () => {
    await server.close();
  });

  it.each([
    ["in clear text", Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])],
    ["for MD5", Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4])],
    ["for nothing", Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0])],
  ])("hears no password: it asks %s", async (_, question) => {
    const heard: Buffer[] = [];
    server = await FakeListener.start((socket) => {
      socket.once("data", () => {
        socket.on("data", (bytes: Buffer) => heard.push(bytes));
        socket.write(question);
      });
    });
    const database = serverAt(server.address, ["scram-sha-256"]);
    await expect(database.slot(new AbortController().signal)).rejects.toThrow(
      expect.objectContaining({ code: "POSTGRES_AUTHENTICATION", remedy: "halt" }),
    );
    await database.close();
    expect(Buffer.concat(heard).toString("latin1")).not.toMatch(/TopSecret|md5/);
  });
});
