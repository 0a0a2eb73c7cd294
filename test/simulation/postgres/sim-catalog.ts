import type { Catalog } from "../../../src/relay/capture/catalog.ts";

const FIRST_OWNER = 10;

/** The publication as it is in the catalogs, and whether rows come by the stream under it. */
export class SimCatalog {
  #deciding = "1";
  #touched = 1;
  #owner = FIRST_OWNER;
  #isChanged = false;

  /** Whether a change was made that no change of owner can explain. */
  get isSuspect(): boolean {
    return this.#isChanged && this.#owner === FIRST_OWNER;
  }

  /** Rows that are committed while it does not are in no stream. */
  get isPublishing(): boolean {
    return this.#deciding === "1";
  }

  get parts(): Catalog {
    const [touched, owner] = [String(this.#touched), String(this.#owner)];
    return { "publication p": { deciding: this.#deciding, touched, owner } };
  }

  /** As earlier versions stored it. */
  get fingerprint(): string {
    return `${this.#deciding} ${this.#touched}`;
  }

  /** ALTER PUBLICATION ... SET. */
  withdraw(): void {
    if (!this.isPublishing) return;
    this.#deciding = "2";
    this.#touched += 1;
    this.#isChanged = true;
  }

  /** The same, back. With another owner it looks like a change of the owner alone. */
  restore(withOwner: boolean): void {
    if (this.isPublishing) return;
    this.#deciding = "1";
    this.#touched += 1;
    if (withOwner) this.#owner += 1;
  }

  /** A person has accepted it as it is. */
  accepted(): void {
    this.#isChanged = false;
  }

  /** ALTER PUBLICATION ... OWNER TO. */
  changeOwner(): void {
    this.#touched += 1;
    this.#owner += 1;
  }
}
