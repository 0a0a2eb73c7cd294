import { describe, expect, it } from "@jest/globals";
import { firstHost } from "../../../src/postgres/first-host.ts";
import { hostSessions } from "../../../src/postgres/host-list.ts";
import type { ErrorCode, Remedy } from "../../../src/relay/errors.ts";
import { RelayError } from "../../../src/relay/errors.ts";

const SESSIONS = hostSessions("postgres://u:secret-word@h1:1,h2:2,h3:3/d", "relay");
const NEVER = (): boolean => false;

function refusal(host: string, code: ErrorCode, remedy: Remedy = "retry"): RelayError {
  return new RelayError(`${host} says ${code}`, { code, remedy, hint: `look at ${host}` });
}

/** Tries the hosts, of which each answers with its code or with `ok`. */
async function tried(
  answers: Readonly<Record<string, ErrorCode | "ok">>,
): Promise<{ hosts: string[]; outcome: unknown }> {
  const hosts: string[] = [];
  const outcome = await firstHost(SESSIONS, NEVER, ({ address: { host } }) => {
    hosts.push(host);
    const answer = answers[host] ?? "POSTGRES_UNREACHABLE";
    return answer === "ok" ? Promise.resolve(host) : Promise.reject(refusal(host, answer));
  }).catch((error: unknown) => error);
  return { hosts, outcome };
}

describe("a list of hosts", () => {
  it("is tried from its top until one takes us", async () => {
    expect(await tried({ h1: "ok" })).toEqual({ hosts: ["h1"], outcome: "h1" });
    expect(await tried({ h2: "NOT_PRIMARY", h3: "ok" })).toEqual({
      hosts: ["h1", "h2", "h3"],
      outcome: "h3",
    });
  });

  it("of which none takes us is one error that tells what each answered", async () => {
    const { outcome } = await tried({ h2: "NOT_PRIMARY" });
    expect(outcome).toMatchObject({
      code: "NOT_PRIMARY",
      remedy: "retry",
      message:
        "none of 3 hosts can be used: h1 says POSTGRES_UNREACHABLE; h2 says NOT_PRIMARY; h3 says POSTGRES_UNREACHABLE",
      hint: "look at h1 look at h2 look at h3",
    });
    expect(JSON.stringify(outcome)).not.toContain("secret-word");
  });

  it("has the code of the answer that says most", async () => {
    const { outcome } = await tried({ h1: "NOT_PRIMARY", h2: "POSTGRES_AUTHENTICATION" });
    expect(outcome).toMatchObject({ code: "POSTGRES_AUTHENTICATION" });
  });

  it("is left where the answer would be the same everywhere", async () => {
    expect(await tried({ h1: "SLOT_BUSY", h2: "ok" })).toMatchObject({
      hosts: ["h1"],
      outcome: { code: "SLOT_BUSY" },
    });
  });

  it("is not tried on after it was given up", async () => {
    const hosts: string[] = [];
    const trying = firstHost(
      SESSIONS,
      () => true,
      ({ address: { host } }) => {
        hosts.push(host);
        return Promise.reject(refusal(host, "POSTGRES_UNREACHABLE"));
      },
    );
    await expect(trying).rejects.toMatchObject({ message: "h1 says POSTGRES_UNREACHABLE" });
    expect(hosts).toEqual(["h1"]);
  });

  it("of one host answers with what that one says", async () => {
    const trying = firstHost(SESSIONS.slice(0, 1), NEVER, () =>
      Promise.reject(refusal("h1", "POSTGRES_TLS", "halt")),
    );
    await expect(trying).rejects.toMatchObject({
      code: "POSTGRES_TLS",
      remedy: "halt",
      message: "h1 says POSTGRES_TLS",
    });
  });
});
