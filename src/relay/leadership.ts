import { RelayError } from "./errors.ts";

/** Why a relay holds the slot no longer. */
export type Departure =
  /** It let go by itself: it was told to stop, met what halts, or Postgres was shutting down. */
  | "released"
  /** The stream ended, or another relay was found in its place. */
  | "lost"
  /** Another relay has taken over at Kafka, or may have: it stopped publishing at once. */
  | "fenced"
  /** Nothing could be published for too long. */
  | "sink_stall";

/** A change of who leads, as this relay sees it of itself. */
export type LeaderTransition = "acquired" | Departure;

/** What it means for the slot that a session ended with `error`; null when it ended well. */
export function departure(hasLostStream: boolean, error: unknown): Departure {
  if (hasLostStream) return "lost";
  if (!(error instanceof RelayError)) return "released";
  if (error.code === "SINK_STALLED") return "sink_stall";
  if (error.remedy !== "standby") return "released";
  return error.code === "SLOT_LOST" ? "lost" : "fenced";
}
