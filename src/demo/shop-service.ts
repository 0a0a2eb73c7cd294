// The sample shop on servers of their own, as docker-compose.yaml runs it: places orders until SIGTERM.
import { connect } from "./connection.ts";
import { SHOP_SQL, Shop } from "./shop.ts";

const ORDERS_PER_SECOND = 20;
const EXIT_USAGE = 2;

/** The error that ends the shop, or undefined after a signal. */
async function sell(url: string, ordersPerSecond: number): Promise<Error | undefined> {
  const ended = Promise.withResolvers<Error | undefined>();
  process.once("SIGTERM", () => ended.resolve(undefined));
  process.once("SIGINT", () => ended.resolve(undefined));
  const client = await connect(url, ended.resolve);
  await client.query(SHOP_SQL);
  await client.end();
  const shop = new Shop(url, ordersPerSecond, ended.resolve);
  shop.open();
  process.stdout.write(`the shop is open: ${ordersPerSecond} orders a second\n`);
  const error = await ended.promise;
  await shop.close();
  return error;
}

const url = process.env["DATABASE_URL"] ?? "";
const ordersPerSecond = Number(process.env["SHOP_ORDERS_PER_SECOND"] ?? ORDERS_PER_SECOND);
if (url === "" || !(ordersPerSecond > 0)) {
  process.stderr.write("the shop needs DATABASE_URL, and SHOP_ORDERS_PER_SECOND above 0\n");
  process.exitCode = EXIT_USAGE;
} else {
  const error = await sell(url, ordersPerSecond).catch((cause: unknown) => cause as Error);
  if (error !== undefined) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
