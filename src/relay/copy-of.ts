/**
 * The same bytes in memory of their own, for what is kept longer than its owner lends it. `slice()` does not do: drivers
 * hand over Buffers, whose `slice` is a view. (`Uint8Array.from` and `new Uint8Array(bytes)` copy whatever comes.)
 */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
