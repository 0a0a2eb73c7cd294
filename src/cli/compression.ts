import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import type { Codec } from "../kafka/wire/compress/codec.ts";
import type { Load } from "../kafka/wire/compress/load-codec.ts";
import { CodecMissingError, loadCodec } from "../kafka/wire/compress/load-codec.ts";

/** What packs batches of events; null: nothing does. Throws ConfigError where this machine has no such codec. */
export function chosenCodec({ producer }: Pick<Config, "producer">, load?: Load): Codec | null {
  const { compression } = producer;
  if (compression === "none") return null;
  try {
    return loadCodec(compression, load);
  } catch (error) {
    if (!(error instanceof CodecMissingError)) throw error;
    throw new ConfigError([
      `RELAY_PRODUCER_COMPRESSION: ${compression} cannot be used here: ${error.message}. Install with optional packages, or choose zstd or gzip, which need none.`,
    ]);
  }
}
