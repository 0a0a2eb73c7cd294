import { RelayError } from "../relay/errors.ts";
import { MESSAGE_BYTES_MAX_DEFAULT } from "./topic-facts.ts";

/** Settings of a topic that each limit a record batch as the broker stores it, header included; bytes. */
export const LIMIT_SETTINGS = ["max.message.bytes", "segment.bytes"] as const;

type LimitSetting = (typeof LIMIT_SETTINGS)[number];

/** The limits that the topic's settings tell, smallest first; Kafka's default where they tell none. */
export class RecordLimit {
  readonly #limits: readonly { readonly setting: LimitSetting; readonly bytes: number }[];

  constructor(values: ReadonlyMap<string, string>) {
    const known = LIMIT_SETTINGS.flatMap((setting) => {
      const text = values.get(setting);
      return text === undefined || text === "" ? [] : [{ setting, bytes: Number(text) }];
    });
    const unknown = { setting: LIMIT_SETTINGS[0], bytes: MESSAGE_BYTES_MAX_DEFAULT };
    this.#limits = known.length === 0 ? [unknown] : known.toSorted((a, b) => a.bytes - b.bytes);
  }

  /** The largest batch that the topic takes. */
  get bytesMax(): number {
    return this.#limits[0]?.bytes ?? MESSAGE_BYTES_MAX_DEFAULT;
  }

  /** The setting that is the smallest. */
  get setting(): LimitSetting {
    return this.#limits[0]?.setting ?? LIMIT_SETTINGS[0];
  }

  /** As people read it: every limit that is known. */
  get text(): string {
    return this.#limits.map(({ setting, bytes }) => `${setting}=${bytes}`).join(", ");
  }

  /** The command that lets records of that many bytes in, whichever settings are too small for it. */
  raiseCommand(topic: string, bytes: number): string {
    const small = this.#limits.filter((limit) => limit.bytes < bytes);
    const config = small.map(({ setting }) => `${setting}=${bytes}`).join(",");
    return `kafka-configs --bootstrap-server <broker> --alter --topic ${topic} --add-config ${config}`;
  }
}

/** Beside the record: what a raised limit leaves free for rows that are a little larger. */
const ROOM_BYTES = 1024;

/** The record alone is more than the topic's settings allow. */
export function recordTooLarge(topic: string, bytes: number, limit: RecordLimit): RelayError {
  return new RelayError(
    `the record takes ${bytes} bytes, and topic ${topic} takes at most ${limit.bytesMax} (${limit.setting})`,
    {
      code: "RECORD_TOO_LARGE",
      remedy: "halt",
      hint: `Raise it: ${limit.raiseCommand(topic, bytes + ROOM_BYTES)}. The relay goes on by itself.`,
    },
  );
}
