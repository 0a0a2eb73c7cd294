import { isIP, type Socket } from "node:net";

/** How a server may ask who we are, by libpq's names; `none`: it does not ask. */
export type AuthMethod = "none" | "password" | "md5" | "scram-sha-256";

/** Methods by the event that `pg` has for the server's question. */
const ASKED: Readonly<Record<string, AuthMethod>> = {
  authenticationCleartextPassword: "password",
  authenticationMD5Password: "md5",
  authenticationSASL: "scram-sha-256",
};
const LET_IN = "authenticationOk";
/** What gives the password away: itself, or a hash that can be tried at leisure and used in its place. */
const REVEALING: ReadonlySet<AuthMethod> = new Set(["password", "md5"]);

/** The server asks in a way that is not to be answered on this link. */
export class AuthRefusedError extends Error {
  override readonly name = "AuthRefusedError";
  readonly method: AuthMethod;
  /** Whether the settings name the methods; otherwise it is that the link is not verified. */
  readonly isByRule: boolean;

  constructor(method: AuthMethod, isByRule: boolean) {
    super(`authentication by ${method} is refused`);
    this.method = method;
    this.isByRule = isByRule;
  }
}

const rules = new WeakMap<Socket, readonly AuthMethod[]>();

/** Gives a socket the methods that the settings allow on it; null: those that do not give the password away where the link is not verified. */
export function withAuthRule(socket: Socket, methods: readonly AuthMethod[] | null): Socket {
  if (methods !== null) rules.set(socket, methods);
  return socket;
}

/** Follows the questions of one server. `socket`: the link's own, below TLS. */
export class AuthJudge {
  readonly #socket: Socket;
  readonly #isVerified: boolean;
  #wasAsked = false;

  constructor(socket: Socket, isVerified: boolean) {
    this.#socket = socket;
    this.#isVerified = isVerified;
  }

  /** What is wrong with `event`, one of `pg`'s; null where it may go on. */
  fault(event: string): AuthRefusedError | null {
    const asked = ASKED[event];
    if (asked === undefined && event !== LET_IN) return null;
    if (asked === undefined && this.#wasAsked) return null;
    this.#wasAsked = true;
    const method = asked ?? "none";
    const allowed = rules.get(this.#socket);
    if (allowed !== undefined)
      return allowed.includes(method) ? null : new AuthRefusedError(method, true);
    const isSafe = this.#isVerified || isLoopback(this.#socket.remoteAddress);
    return isSafe || !REVEALING.has(method) ? null : new AuthRefusedError(method, false);
  }
}

/** A Unix socket has no address. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true;
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}
