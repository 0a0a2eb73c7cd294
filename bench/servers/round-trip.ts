import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { median } from "../report/statistics.ts";

const QUESTIONS = 101;
/** ApiVersions v0, which a broker answers at once: size, API 18, version 0, correlation id 0, no client id. */
const QUESTION = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 255, 255]);
const SIZE_BYTES = 4;

/** How much longer a round trip takes by way of one port than by the other, ms. */
export async function addedRoundTripMs(direct: number, delayed: number): Promise<number> {
  await roundTripMs(direct); // The broker's code is cold.
  return (await roundTripMs(delayed)) - (await roundTripMs(direct));
}

/** From a small request to a broker on this machine to its answer, the median of many, ms. */
async function roundTripMs(port: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const took: number[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const askedMs = performance.now();
    socket.write(QUESTION);
    await answer(socket);
    took.push(performance.now() - askedMs);
  }
  socket.destroy();
  return median(took);
}

async function answer(socket: Socket): Promise<void> {
  let bytes = Buffer.alloc(0);
  do {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  } while (bytes.length < SIZE_BYTES || bytes.length < SIZE_BYTES + bytes.readInt32BE());
}
