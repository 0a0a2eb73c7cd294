import { createHash, timingSafeEqual } from "node:crypto";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** HTTP basic authentication (RFC 7617) with one user. */
export class BasicAuth {
  readonly #expected: Buffer;

  constructor({ username, password }: Credentials) {
    this.#expected = digest(`${username}:${password}`);
  }

  /** Takes the same time for every wrong answer, so that nobody can guess letter by letter. */
  admits(authorization: string | undefined): boolean {
    const [, encoded = ""] = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? "") ?? [];
    const given = digest(Buffer.from(encoded, "base64").toString("utf8"));
    return timingSafeEqual(given, this.#expected) && encoded !== "";
  }
}

/** What a client sends to be admitted. */
export function authorizationOf({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** Of equal length whatever goes in, as the comparison wants it. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
