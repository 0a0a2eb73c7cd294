import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Fetch } from "../../../src/cli/ask-relay.ts";
import { health } from "../../../src/cli/health-command.ts";
import { CapturedOutput } from "../../support/captured-output.ts";

let asked: string[];
let out: CapturedOutput;

beforeEach(() => {
  asked = [];
  out = new CapturedOutput();
});

function answering(status: number, body = ""): Fetch {
  return (url) => {
    asked.push(url);
    return Promise.resolve(new Response(body, { status }));
  };
}

describe("outbox-relay health", () => {
  it("asks the relay of this host whether it lives, and says nothing when it does", async () => {
    expect(await health([], {}, out, answering(200))).toBe(0);
    expect(asked).toEqual(["http://127.0.0.1:9464/livez"]);
    expect([out.written.stdout, out.written.stderr]).toEqual(["", ""]);
  });

  it("asks where the relay listens, and whether it is ready if told so", async () => {
    const env = { RELAY_HTTP_LISTEN: "[::1]:8080" };
    expect(await health(["--ready"], env, out, answering(503, "[-]kafka failed: away\n"))).toBe(1);
    expect(asked).toEqual(["http://[::1]:8080/readyz"]);
    expect(out.written.stderr).toBe("[-]kafka failed: away\n");
  });

  it("ends with 1 when nobody answers", async () => {
    const away: Fetch = () =>
      Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }));
    expect(await health([], {}, out, away)).toBe(1);
    expect(out.written.stderr).toBe("the relay does not answer (ECONNREFUSED)\n");
  });

  it("does not repeat what the relay says of its settings", async () => {
    const env = { RELAY_HTTP_LISTEN: "nowhere", RELAY_KAFKA_BROKERS: "?", DATABASE_URL: "?" };
    expect(await health([], env, out, answering(200))).toBe(1);
    expect(out.written.stderr).toBe("the relay does not answer (its settings cannot be read)\n");
    expect(asked).toEqual([]);
  });

  it("understands its options, and explains them", async () => {
    expect(await health(["--help"], {}, out, answering(200))).toBe(0);
    expect(out.written.stdout).toContain("Usage: outbox-relay health");
    expect(await health(["now"], {}, out, answering(200))).toBe(2);
  });
});
