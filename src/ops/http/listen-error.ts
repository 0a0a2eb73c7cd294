import { RelayError } from "../../relay/errors.ts";

/** Why nobody can listen there. `cause`: what Node says of it. */
export function listenError(host: string, port: number, cause: unknown): RelayError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "refused";
  return new RelayError(`the relay cannot listen at ${host}:${port}: ${reason}`, {
    code: "CONFIG_HTTP_LISTEN",
    remedy: "halt",
    hint: "Set RELAY_HTTP_LISTEN to an address of this host and a port that is free.",
    cause,
  });
}
