import pg from "pg";

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection whose loss is told instead of thrown into unrelated code. */
export async function connect(url: string, onLost: (error: Error) => void): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on("error", (cause) => {
    onLost(new Error(`a connection to Postgres was lost: ${cause.message}`, { cause }));
  });
  await client.connect();
  return client;
}
