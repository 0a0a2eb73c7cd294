import { RelayError } from "../../relay/errors.ts";
import type { TokenProvider } from "./token-provider.ts";

const SETTING = "RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN";

/** A token that somebody else provides: `read` is asked at each use, so a file may be written again at any time. */
export function givenToken(read: () => Promise<string>): TokenProvider {
  return {
    token: async () => {
      const token = await readToken(read);
      if (/^[!-~]+$/.test(token)) return token;
      throw unusable("it is empty, or holds more than one word");
    },
    forget: () => undefined,
  };
}

async function readToken(read: () => Promise<string>): Promise<string> {
  try {
    return (await read()).trim();
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    throw unusable(typeof code === "string" ? code : "it cannot be read");
  }
}

function unusable(reason: string): RelayError {
  return new RelayError(`there is no token for Kafka (${reason})`, {
    code: "KAFKA_TOKEN_UNAVAILABLE",
    remedy: "retry",
    hint: `Look at the file that ${SETTING}_FILE names: it is read at each use and must hold the token alone.`,
  });
}
