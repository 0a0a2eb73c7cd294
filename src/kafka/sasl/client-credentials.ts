import { RelayError } from "../../relay/errors.ts";
import type { TokenProvider } from "./token-provider.ts";

/** OAuth 2.0 client credentials (RFC 6749, section 4.4). */
export interface ClientCredentials {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
  readonly audience: string | null;
  /** Until the whole answer is there. */
  readonly timeoutMs: number;
}

interface Held {
  readonly token: string;
  readonly goodUntilMs: number;
}

/** A token is replaced this long before its end, or after that share of its life if that is sooner. */
const MARGIN_MS = 60_000;
const LIFE_SHARE = 0.8;
/** Where the endpoint does not tell how long a token lives. */
const LIFE_S_DEFAULT = 300;
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** RFC 6749, section 5.2: what else an answer holds may be anything. */
const ERROR_NAME = /^[a-z_]{1,60}$/;

const SETTING = "RELAY_KAFKA_SASL_OAUTHBEARER";

/** Fetches a token when there is none, and keeps it until shortly before its end. All who wait share one request. */
export class ClientCredentialsTokens implements TokenProvider {
  readonly #credentials: ClientCredentials;
  readonly #nowMs: () => number;
  #held: Held | null = null;
  #fetching: Promise<Held> | null = null;

  constructor(credentials: ClientCredentials, nowMs: () => number) {
    this.#credentials = credentials;
    this.#nowMs = nowMs;
  }

  async token(): Promise<string> {
    if (this.#held !== null && this.#nowMs() < this.#held.goodUntilMs) return this.#held.token;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
    });
    this.#held = await this.#fetching;
    return this.#held.token;
  }

  forget(): void {
    this.#held = null;
  }

  async #fetch(): Promise<Held> {
    const askedAtMs = this.#nowMs();
    const { token, lifeS } = readAnswer(this.#credentials, await ask(this.#credentials));
    const lifeMs = lifeS * 1_000;
    const goodMs = Math.min(lifeMs * LIFE_SHARE, Math.max(lifeMs - MARGIN_MS, lifeMs / 2));
    return { token, goodUntilMs: askedAtMs + goodMs };
  }
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(credentials: ClientCredentials): Promise<Answer> {
  const { url, clientId, clientSecret, scope, audience, timeoutMs } = credentials;
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scope !== null) form.set("scope", scope);
  if (audience !== null) form.set("audience", audience);
  const user = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/json",
        authorization: `Basic ${Buffer.from(user).toString("base64")}`,
      },
      body: form,
      // A redirect would hand the secret to somebody else.
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: parse(await response.text()) };
  } catch (error) {
    throw unavailable(credentials, reasonOf(error, timeoutMs));
  }
}

function parse(text: string): Answer["body"] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Answer["body"]) : {};
  } catch {
    return {};
  }
}

function readAnswer(
  credentials: ClientCredentials,
  { status, body }: Answer,
): { readonly token: string; readonly lifeS: number } {
  const { access_token: token, expires_in: life, error } = body;
  if (status === 429 || status >= 500) throw unavailable(credentials, `HTTP ${status}`);
  if (status !== 200) {
    const named = typeof error === "string" && ERROR_NAME.test(error) ? `, ${error}` : "";
    throw refused(credentials, `HTTP ${status}${named}`);
  }
  if (typeof token !== "string" || !TOKEN.test(token)) {
    throw refused(credentials, "its answer holds no access_token");
  }
  const lifeS = Number(life ?? LIFE_S_DEFAULT);
  return { token, lifeS: lifeS > 0 ? lifeS : LIFE_S_DEFAULT };
}

/** Not by `instanceof`: errors of Node's own may come from another realm. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown };
  if (name === "TimeoutError") return `nothing in ${timeoutMs} ms`;
  const { code, message } = (cause ?? {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  if (typeof code === "string") return code;
  return message === "unexpected redirect" ? "it redirects" : "the request failed";
}

function unavailable({ url }: ClientCredentials, reason: string): RelayError {
  return new RelayError(`the token endpoint ${shown(url)} gives no token (${reason})`, {
    code: "KAFKA_TOKEN_UNAVAILABLE",
    remedy: "retry",
    hint: `Check ${SETTING}_TOKEN_ENDPOINT_URL and the network; authorities of its certificate that Node does not know go into NODE_EXTRA_CA_CERTS. The relay keeps trying.`,
  });
}

function refused({ url }: ClientCredentials, reason: string): RelayError {
  return new RelayError(`the token endpoint ${shown(url)} refuses a token (${reason})`, {
    code: "KAFKA_TOKEN_REFUSED",
    remedy: "halt",
    hint: `Check ${SETTING}_CLIENT_ID, _CLIENT_SECRET, _SCOPE and _AUDIENCE, and that the client may use the grant client_credentials there.`,
  });
}

/** Without parameters, which may hold a key. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
