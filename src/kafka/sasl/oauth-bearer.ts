import type { AuthenticationProviderArgs, Mechanism } from "kafkajs";
import type { TokenProvider } from "./token-provider.ts";

const SOH = "\u0001";
const LENGTH_BYTES = 4;
/** Of what a broker says about a token: its JSON is short. */
const REASON_CHARACTERS_MAX = 200;

/** The broker does not take the token. The message holds what it said of it. */
export class TokenRefusedError extends Error {
  override readonly name = "TokenRefusedError";
}

/**
 * OAUTHBEARER (RFC 7628). kafkajs's own never looks at the broker's answer: a refused token would look like a
 * connection that was lost.
 */
export function oauthBearer(
  tokens: TokenProvider,
  extensions: Readonly<Record<string, string>>,
): Mechanism {
  return {
    mechanism: "OAUTHBEARER",
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: () => authenticate(saslAuthenticate, tokens, extensions),
    }),
  };
}

async function authenticate(
  saslAuthenticate: AuthenticationProviderArgs["saslAuthenticate"],
  tokens: TokenProvider,
  extensions: Readonly<Record<string, string>>,
): Promise<void> {
  const token = await tokens.token();
  const ask = async (message: string): Promise<string> => {
    const request = { encode: () => withLength(Buffer.from(message)) };
    const response = { decode: withoutLength, parse: (bytes: Buffer) => bytes.toString() };
    return (await saslAuthenticate({ request, response })) ?? "";
  };
  const complaint = await ask(firstMessage(token, extensions));
  if (complaint === "") return;
  tokens.forget();
  // The protocol wants it said that we have seen the complaint; then the broker ends the exchange with an error.
  await ask(SOH).catch(() => undefined);
  throw new TokenRefusedError(complaint.substring(0, REASON_CHARACTERS_MAX));
}

function firstMessage(token: string, extensions: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(extensions).map(([name, value]) => `${name}=${value}${SOH}`);
  return `n,,${SOH}auth=Bearer ${token}${SOH}${pairs.join("")}${SOH}`;
}

function withLength(bytes: Buffer): Buffer {
  const framed = Buffer.alloc(LENGTH_BYTES + bytes.length);
  framed.writeInt32BE(bytes.length);
  bytes.copy(framed, LENGTH_BYTES);
  return framed;
}

function withoutLength(raw: Buffer): Buffer {
  return raw.subarray(LENGTH_BYTES);
}
