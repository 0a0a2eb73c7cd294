import { randomFrom } from "./random.ts";

const STATUSES = ["placed", "paid", "packed", "shipped", "delivered", "cancelled", "returned"];
const CURRENCIES = ["EUR", "USD", "GBP", "PLN", "SEK"];
const WORDS =
  "please ring twice leave with the neighbour at side door gift wrap blue ribbon call before delivery fragile second floor no lift after six thanks".split(
    " ",
  );
const HEX = "0123456789abcdef";

/** Payloads as shops write them, about 300 bytes of JSON: no two are alike, and what varies is random. */
export class OrderPayloads {
  readonly #random: () => number;
  #count = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  next(): string {
    const count = this.#count++;
    return JSON.stringify({
      orderId: this.uuid(),
      customerId: this.#upTo(1_000_000),
      status: this.#pick(STATUSES),
      currency: this.#pick(CURRENCIES),
      totalCents: this.#upTo(100_000),
      lines: this.#several(1, 3, () => ({
        sku: `SKU-${this.#upTo(100_000)}`,
        quantity: 1 + this.#upTo(5),
        cents: this.#upTo(10_000),
      })),
      note: this.#several(0, 8, () => this.#pick(WORDS)).join(" "),
      placedAt: new Date(1_790_000_000_000 + count * 37).toISOString(),
    });
  }

  uuid(): string {
    const digits = this.#several(32, 32, () => HEX[this.#upTo(16)]).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  key(): string {
    return `order-${this.#upTo(50_000)}`;
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick(values: readonly string[]): string {
    return values[this.#upTo(values.length)] as string;
  }

  #several<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: min + this.#upTo(max - min + 1) }, make);
  }
}
