import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ClientCredentialsTokens } from "../../../src/kafka/sasl/client-credentials.ts";
import { CLIENT, TokenEndpoint } from "../../support/tls/token-endpoint.ts";

let endpoint: TokenEndpoint;
let nowMs: number;
let tokens: ClientCredentialsTokens;

beforeEach(async () => {
  endpoint = await TokenEndpoint.start();
  nowMs = 1_000_000;
  tokens = new ClientCredentialsTokens(
    {
      url: endpoint.url,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      scope: null,
      audience: null,
      timeoutMs: 5_000,
    },
    () => nowMs,
  );
});

afterEach(async () => {
  await endpoint.stop();
});

describe("a token for Kafka", () => {
  it("is asked for once by all who want it at the same time", async () => {
    const all = await Promise.all([tokens.token(), tokens.token(), tokens.token()]);
    expect(new Set(all).size).toBe(1);
    expect(endpoint.requests.map(String)).toEqual(["grant_type=client_credentials"]);
  });

  it.each([
    [3_600, 2_880],
    [200, 140],
    [60, 30],
    [2, 1],
  ])("that lives %i s is kept for %i s", async (lifeS, keptS) => {
    endpoint.lifeS = lifeS;
    await tokens.token();
    nowMs += keptS * 1_000 - 1;
    await tokens.token();
    expect(endpoint.requests).toHaveLength(1);
    nowMs += 1;
    await tokens.token();
    expect(endpoint.requests).toHaveLength(2);
  });

  it("is asked for again after it was refused, and after the endpoint failed", async () => {
    await tokens.token();
    tokens.forget();
    endpoint.refusal = { status: 500, body: "" };
    await expect(tokens.token()).rejects.toMatchObject({ code: "KAFKA_TOKEN_UNAVAILABLE" });
    endpoint.refusal = null;
    await tokens.token();
    expect(endpoint.requests).toHaveLength(3);
  });
});
