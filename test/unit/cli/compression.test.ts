import { describe, expect, it } from "@jest/globals";
import { chosenCodec } from "../../../src/cli/compression.ts";
import { configured } from "../../../src/cli/configured.ts";

type Chosen = Parameters<typeof chosenCodec>[0]["producer"]["compression"];

const missing = (): never => {
  throw new Error("Cannot find native binding");
};

function chosen(compression: Chosen): Parameters<typeof chosenCodec>[0] {
  return { producer: { compression } };
}

describe("RELAY_PRODUCER_COMPRESSION", () => {
  it.each([
    ["none", undefined],
    ["gzip", 1],
    ["snappy", 2],
    ["lz4", 3],
    ["zstd", 4],
  ] as const)("%s is the codec of number %p", (name, id) => {
    expect(chosenCodec(chosen(name))?.id).toBe(id);
  });

  it("names itself and a way out where the codec's package has no binary, with exit code 78", async () => {
    let told = "";
    const code = await configured(
      () => chosenCodec(chosen("lz4"), missing),
      () => Promise.resolve(0),
      { stderr: (text) => void (told += text) },
    );
    expect(code).toBe(78);
    expect(told).toMatch(/RELAY_PRODUCER_COMPRESSION: lz4 .* lz4-napi .* zstd or gzip/);
  });

  it("is found out as late as when the relay is put together, and ends it the same way", async () => {
    const code = await configured(
      () => chosen("snappy"),
      (config) => Promise.resolve(chosenCodec(config, missing)?.id ?? 0),
      { stderr: () => undefined },
    );
    expect(code).toBe(78);
  });
});
