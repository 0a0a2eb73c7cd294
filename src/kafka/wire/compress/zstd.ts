import { constants, zstdCompressSync } from "node:zlib";
import type { Codec } from "./codec.ts";

/** Level 3, Kafka's default, takes two thirds more CPU and packs records no better (docs/performance.md). */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export const ZSTD: Codec = {
  id: 4,
  compress: (body) => zstdCompressSync(body, OPTIONS),
};
