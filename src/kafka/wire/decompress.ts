import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { BoundedOutput, OutputTooLargeError } from "./bounded-output.ts";
import { decodeLz4 } from "./lz4.ts";
import { decodeSnappy } from "./snappy.ts";

interface Codec {
  /** As `compression.type` says it. */
  readonly name: string;
  readonly inflate: (body: Buffer, bytesMax: number) => Buffer;
}

/** By their number in a batch's attributes (KIP-98; KIP-110 for zstd). */
const CODECS: readonly Codec[] = [
  { name: "uncompressed", inflate: (body) => body },
  {
    name: "gzip",
    inflate: (body, maxOutputLength) =>
      bounded(maxOutputLength, () => gunzipSync(body, { maxOutputLength })),
  },
  {
    name: "snappy",
    inflate: (body, bytesMax) => {
      const output = new BoundedOutput(bytesMax);
      decodeSnappy(body, output, bytesMax);
      return output.done();
    },
  },
  {
    name: "lz4",
    inflate: (body, bytesMax) => {
      const output = new BoundedOutput(bytesMax);
      decodeLz4(body, output);
      return output.done();
    },
  },
  {
    name: "zstd",
    inflate: (body, maxOutputLength) =>
      bounded(maxOutputLength, () => zstdDecompressSync(body, { maxOutputLength })),
  },
];

/** Null for a codec that `decompress` does not know. */
export function codecName(codec: number): string | null {
  return CODECS[codec]?.name ?? null;
}

/**
 * The plain body of a record batch. Throws OutputTooLargeError before it holds more than `bytesMax`, and an error of
 * another kind when the bytes are not of this codec.
 */
export function decompress(codec: number, body: Buffer, bytesMax: number): Buffer {
  const known = CODECS[codec];
  if (known === undefined) throw new RangeError(`no codec has the number ${codec}`);
  return known.inflate(body, bytesMax);
}

function bounded(bytesMax: number, inflate: () => Buffer): Buffer {
  try {
    return inflate();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw code === "ERR_BUFFER_TOO_LARGE" ? new OutputTooLargeError(bytesMax) : error;
  }
}
