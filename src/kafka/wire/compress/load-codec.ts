import { createRequire } from "node:module";
import type { Codec, CodecName } from "./codec.ts";
import { GZIP } from "./gzip.ts";
import { lz4Codec } from "./lz4.ts";
import { snappyCodec } from "./snappy.ts";
import { ZSTD } from "./zstd.ts";

/** Asks for a package by its name; throws when it is not there or has no binary for this machine. */
export type Load = (name: string) => unknown;

interface SnappyPackage {
  compressSync(plain: Uint8Array, options: { readonly copyOutputData: boolean }): Uint8Array;
}

interface Lz4Package {
  compressSync(plain: Uint8Array): Uint8Array;
}

/** lz4-napi puts the plain length before the block. */
const LZ4_LENGTH_BYTES = 4;

/** The package of a codec cannot be used on this machine. */
export class CodecMissingError extends Error {
  constructor(packageName: string, cause: unknown) {
    super(`the package ${packageName} has no binary for ${process.platform} ${process.arch}`, {
      cause,
    });
  }
}

/** Snappy and lz4 are native code, loaded only where they are asked for. Throws CodecMissingError. */
export function loadCodec(name: CodecName, load: Load = createRequire(import.meta.url)): Codec {
  switch (name) {
    case "gzip":
      return GZIP;
    case "zstd":
      return ZSTD;
    case "snappy": {
      const snappy = loaded(load, "snappy") as SnappyPackage;
      // Copied into the heap: as memory of the package's own each block would cost three times as much.
      return snappyCodec((plain) => snappy.compressSync(plain, { copyOutputData: true }));
    }
    case "lz4": {
      const lz4 = loaded(load, "lz4-napi") as Lz4Package;
      return lz4Codec((plain) => lz4.compressSync(plain).subarray(LZ4_LENGTH_BYTES));
    }
  }
}

function loaded(load: Load, name: string): unknown {
  try {
    return load(name);
  } catch (error) {
    throw new CodecMissingError(name, error);
  }
}
