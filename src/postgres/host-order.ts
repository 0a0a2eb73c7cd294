import { RelayError } from "../relay/errors.ts";
import type { HostSession } from "./host-list.ts";
import type { ServerAddress } from "./session.ts";

/**
 * Which host of a list is asked first: the first one, until it turns out to be of another lineage, as an old primary is that came back
 * after a failover. Shared by the stream and the control connection, which have to end up at one server.
 */
export class HostOrder {
  #first = 0;

  of(sessions: readonly HostSession[]): readonly HostSession[] {
    const first = this.#first % sessions.length;
    return [...sessions.toSpliced(0, first), ...sessions.toSpliced(first)];
  }

  /** `cause` is what ended the work with the server at `address`. */
  learn(sessions: readonly HostSession[], address: ServerAddress | null, cause: unknown): void {
    if (!(cause instanceof RelayError) || !cause.code.startsWith("LINEAGE_")) return;
    const index = sessions.findIndex((session) => session.address === address);
    if (index >= 0) this.#first = (index + 1) % sessions.length;
  }
}
