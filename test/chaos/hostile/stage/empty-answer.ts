import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";

const nothing = (writer: ByteWriter): ByteWriter => writer.array([], () => undefined);
const compactNothing = (writer: ByteWriter): ByteWriter => writer.compactArray([], () => undefined);

/**
 * The answer about nothing: every list in it is empty, and where it has an error code at its top, that is `code`.
 * Null for requests whose answers have no list; versions are those that the relay asks for.
 */
export function emptyAnswer(apiKey: number, apiVersion: number, code: number): Buffer | null {
  const writer = new ByteWriter();
  switch (apiKey) {
    case 0:
      return compactNothing(writer.tags()).int32(0).tags().done();
    case 1:
      return nothing(writer.int32(0).int16(code).int32(0)).done();
    case 2:
    case 19:
    case 24:
    case 32:
      return nothing(writer.int32(0)).done();
    case 3:
      return nothing(nothing(writer.int32(0)).string(null).int32(-1))
        .int32(0)
        .done();
    case 18:
      return emptyVersions(writer.int16(0), apiVersion);
    case 65:
      return compactNothing(writer.tags().int32(0)).tags().done();
    default:
      return null;
  }
}

function emptyVersions(writer: ByteWriter, apiVersion: number): Buffer {
  if (apiVersion >= 3) return compactNothing(writer).int32(0).tags().done();
  return (apiVersion >= 1 ? nothing(writer).int32(0) : nothing(writer)).done();
}
