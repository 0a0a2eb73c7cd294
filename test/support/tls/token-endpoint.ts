import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export const CLIENT = { id: "outbox relay/1", secret: "client:secret-word" } as const;
export const ISSUER = "https://issuer.test";
export const AUDIENCE = "kafka";
const KEY_ID = "test-key";

/** A token endpoint of OAuth's client credentials, on a real port, that signs with RS256. */
export class TokenEndpoint {
  readonly #server: Server;
  readonly #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  /** Forms that were asked with, in order. */
  readonly requests: URLSearchParams[] = [];
  lifeS = 3_600;
  audience: string = AUDIENCE;
  subject = "relay";
  /** Answered in place of a token. */
  refusal: { readonly status: number; readonly body: string } | null = null;
  /** Takes the request and never answers. */
  isSilent = false;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint();
    endpoint.#server.listen(0, "127.0.0.1");
    await once(endpoint.#server, "listening");
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token?tenant=secret-tenant`;
  }

  /** What the broker needs to check our signatures. */
  get jwks(): string {
    const key = this.#keys.publicKey.export({ format: "jwk" });
    return JSON.stringify({ keys: [{ ...key, kid: KEY_ID, alg: "RS256", use: "sig" }] });
  }

  sign(audience = this.audience, lifeS = this.lifeS): string {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: ISSUER, sub: this.subject, aud: audience, iat: now, exp: now + lifeS };
    const text = [{ alg: "RS256", typ: "JWT", kid: KEY_ID }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = createSign("RSA-SHA256").update(text).sign(this.#keys.privateKey);
    return `${text}.${signature.toString("base64url")}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests.push(new URLSearchParams(Buffer.concat(chunks).toString()));
    if (this.isSilent) return;
    const { status, body } = this.refusal ?? this.#judge(request);
    response.writeHead(status, { "content-type": "application/json", location: "/elsewhere" });
    response.end(body);
  }

  #judge({ headers }: IncomingMessage): { status: number; body: string } {
    const [scheme, encoded = ""] = (headers.authorization ?? "").split(" ");
    const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString().split(":");
    const isOurs =
      decodeURIComponent(id) === CLIENT.id && decodeURIComponent(secret) === CLIENT.secret;
    if (scheme !== "Basic" || !isOurs) {
      const body = { error: "invalid_client", error_description: `not ${encoded}` };
      return { status: 401, body: JSON.stringify(body) };
    }
    const token = { access_token: this.sign(), token_type: "Bearer", expires_in: this.lifeS };
    return { status: 200, body: JSON.stringify(token) };
  }
}
