import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ExtraListener } from "../../../src/demo/services/kafka-properties.ts";
import { ClientCredentialsTokens } from "../../../src/kafka/sasl/client-credentials.ts";
import { givenToken } from "../../../src/kafka/sasl/given-token.ts";
import type { TokenProvider } from "../../../src/kafka/sasl/token-provider.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { AUDIENCE, CLIENT, ISSUER, TokenEndpoint } from "../../support/tls/token-endpoint.ts";
import type { SinkSettings } from "../kafka/sinks.ts";
import { GO_ON, Sinks } from "../kafka/sinks.ts";
import { publishOnce } from "./publish-once.ts";
import type { Files, SecureKafka } from "./secure-kafka.ts";
import { startSecureKafka } from "./secure-kafka.ts";

const OAUTH = "org.apache.kafka.common.security.oauthbearer";

let endpoint: TokenEndpoint;
let secure: SecureKafka;
let sinks: Sinks;

/** With Kafka's own validator, which reads the keys from a file. */
async function tokenListener(files: Files): Promise<ExtraListener> {
  const keys = await files.write("jwks.json", endpoint.jwks);
  return {
    name: "TOKENS",
    protocol: "SASL_SSL",
    properties: {
      ...(await files.right()),
      "sasl.enabled.mechanisms": "OAUTHBEARER",
      "oauthbearer.sasl.jaas.config": `${OAUTH}.OAuthBearerLoginModule required;`,
      "oauthbearer.sasl.server.callback.handler.class": `${OAUTH}.OAuthBearerValidatorCallbackHandler`,
      "sasl.oauthbearer.jwks.endpoint.url": `file://${keys}`,
      "sasl.oauthbearer.expected.audience": AUDIENCE,
      "sasl.oauthbearer.expected.issuer": ISSUER,
    },
  };
}

beforeAll(async () => {
  endpoint = await TokenEndpoint.start();
  secure = await startSecureKafka({
    listeners: async (files) => [await tokenListener(files)],
    java: (folder) => [
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${folder}/jwks.json`,
    ],
  });
});

afterAll(async () => {
  await secure.stop();
  await endpoint.stop();
});

beforeEach(() => {
  sinks = new Sinks();
  Object.assign(endpoint, { lifeS: 3_600, audience: AUDIENCE, refusal: null, isSilent: false });
  endpoint.requests.length = 0;
});

afterEach(async () => {
  await sinks.close();
});

function fetched(secret: string = CLIENT.secret): TokenProvider {
  const more = { scope: "kafka write", audience: AUDIENCE, timeoutMs: 1_000 };
  const credentials = { url: endpoint.url, clientId: CLIENT.id, clientSecret: secret, ...more };
  return new ClientCredentialsTokens(credentials, () => Date.now());
}

function way(tokens: TokenProvider, extensions = {}): SinkSettings {
  const brokers = secure.kafka.listenerBrokers("TOKENS");
  return { brokers, tls: secure.tls, sasl: { mechanism: "OAUTHBEARER", tokens, extensions } };
}

async function faultOf(tokens: TokenProvider): Promise<Finding> {
  const [finding] = await sinks.make(way(tokens)).preflight(GO_ON);
  if (finding === undefined) throw new Error("nothing was found");
  expect(JSON.stringify(finding)).not.toMatch(/secret-word|secret-tenant|eyJ/);
  return finding;
}

describe("OAUTHBEARER with client credentials", () => {
  it("publishes with a token that it asked for once", async () => {
    const kafka = secure.kafka.brokers;
    expect(await publishOnce(sinks, kafka, way(fetched()))).toBe("checkpoint");
    const asked = endpoint.requests.map((form) => Object.fromEntries(form));
    const form = { grant_type: "client_credentials", scope: "kafka write", audience: AUDIENCE };
    expect(asked).toEqual([form]);
  });

  it("sends extensions with the token", async () => {
    const options = way(fetched(), { logicalCluster: "lkc-1", identityPoolId: "pool-2" });
    // Kafka's own validator takes extensions only where it is told to; it reads them all the same.
    expect(await publishOnce(sinks, secure.kafka.brokers, options)).toBe("checkpoint");
  });

  it("halts where the broker refuses the token, and repeats what the broker says", async () => {
    endpoint.audience = "somebody-else";
    expect(await faultOf(fetched())).toMatchObject({
      code: "KAFKA_AUTHENTICATION",
      severity: "halt",
      message: expect.stringContaining("invalid_token"),
      hint: expect.stringContaining("RELAY_KAFKA_SASL_OAUTHBEARER_AUDIENCE"),
    });
  });

  it("asks for another token after one was refused", async () => {
    const tokens = fetched();
    endpoint.audience = "somebody-else";
    await faultOf(tokens);
    endpoint.audience = AUDIENCE;
    expect(await publishOnce(sinks, secure.kafka.brokers, way(tokens))).toBe("checkpoint");
  });

  it("halts where the endpoint refuses the client, without the secret", async () => {
    expect(await faultOf(fetched("another:secret-word"))).toMatchObject({
      code: "KAFKA_TOKEN_REFUSED",
      severity: "halt",
      message: expect.stringMatching(/\/token refuses a token \(HTTP 401, invalid_client\)$/),
      hint: expect.stringContaining("RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_ID"),
    });
  });

  it.each([
    ["is broken", 503, "oops", "HTTP 503"],
    ["is overrun", 429, "{}", "HTTP 429"],
    ["redirects", 302, "", "it redirects"],
  ])("tries again where the endpoint %s", async (_, status, body, reason) => {
    endpoint.refusal = { status, body };
    expect(await faultOf(fetched())).toMatchObject({
      code: "KAFKA_TOKEN_UNAVAILABLE",
      severity: "retry",
      message: expect.stringContaining(`(${reason})`),
    });
  });

  it("tries again where the endpoint does not answer in time", async () => {
    endpoint.isSilent = true;
    expect(await faultOf(fetched())).toMatchObject({
      code: "KAFKA_TOKEN_UNAVAILABLE",
      message: expect.stringContaining("(nothing in 1000 ms)"),
    });
  });

  it.each(["{}", '{"access_token": "two words"}', "no JSON"])(
    "halts at an answer without a token: %s",
    async (body) => {
      endpoint.refusal = { status: 200, body };
      expect(await faultOf(fetched())).toMatchObject({ code: "KAFKA_TOKEN_REFUSED" });
    },
  );
});

describe("OAUTHBEARER with a token from a file", () => {
  it("reads the file at each use", async () => {
    const file = join(secure.folder, "token");
    await writeFile(file, `${endpoint.sign("somebody-else")}\n`);
    const tokens = givenToken(() => readFile(file, "utf8"));
    expect(await faultOf(tokens)).toMatchObject({ code: "KAFKA_AUTHENTICATION" });
    await writeFile(file, `${endpoint.sign()}\n`);
    expect(await publishOnce(sinks, secure.kafka.brokers, way(tokens))).toBe("checkpoint");
  });

  it("says so when there is no file, or an empty one, and tries again", async () => {
    const file = join(secure.folder, "missing-token");
    const tokens = givenToken(() => readFile(file, "utf8"));
    const fault = { code: "KAFKA_TOKEN_UNAVAILABLE", severity: "retry" };
    expect(await faultOf(tokens)).toMatchObject({
      ...fault,
      message: expect.stringContaining("ENOENT"),
    });
    await writeFile(file, "\n");
    expect(await faultOf(tokens)).toMatchObject({
      ...fault,
      message: expect.stringContaining("empty"),
    });
  });
});
