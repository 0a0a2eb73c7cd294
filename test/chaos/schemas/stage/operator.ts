import type { RelayFixture } from "../../../support/relay/fixture.ts";
import type { DecisionMade } from "../check/history.ts";
import type { WorldPlan } from "../plan/world-plan.ts";
import { runCommand } from "./command.ts";
import type { Journal } from "./journal.ts";
import type { RelayHand, Settled } from "./relay-hand.ts";
import type { RelaySight } from "./relay-here.ts";

const ROUNDS_MAX = 7;

export interface OperatorParts {
  readonly fixture: RelayFixture;
  readonly plan: WorldPlan;
  readonly hand: RelayHand;
  readonly journal: Journal;
  readonly settings: () => Readonly<Record<string, string>>;
  /** Ids that the outbox tables hold now. */
  readonly held: () => Promise<ReadonlySet<string>>;
  /** RELAY_COLUMN_* as they have to be for rows from the time of another name; null: there was none. */
  readonly otherColumns: () => Readonly<Record<string, string>> | null;
  readonly useColumns: (settings: Readonly<Record<string, string>> | null) => void;
  /** Somebody decided: what RELAY_TABLES names from now on are the outbox tables. */
  readonly decided: () => Promise<void>;
}

/** A person who reads what a failed relay says and does it: statements first, then the commands that the hint names. */
export class OperatorHand {
  readonly #parts: OperatorParts;
  readonly #tried = new Set<string>();
  #usesOtherColumns = false;
  #turnRefusedAt: number | null = null;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** Answers what the relay does in the end. */
  async operate(settled: Settled): Promise<Settled> {
    const { hand, journal } = this.#parts;
    let now = settled;
    for (let round = 0; round < ROUNDS_MAX && now.kind === "failed"; round += 1) {
      const { code, hint, message } = now.status;
      journal.note(`operator reads ${code ?? ""}: ${message ?? ""} | ${hint ?? ""}`);
      if (!(await this.#answer(now.status))) return now;
      now = await hand.settle();
    }
    return now;
  }

  /** False when nothing that the relay says is left to do. */
  async #answer({ code, message, hint }: RelaySight): Promise<boolean> {
    const said = `${message ?? ""} ${hint ?? ""}`;
    const statements = statementsIn(hint ?? "").filter((one) => this.#isNew(`${code}/${one}`));
    if (statements.length > 0) return this.#runAll(statements);
    if (this.#isToTurn(code)) return this.#turnColumns();
    const table = code === "TABLE_UNKNOWN" ? tableIn(hint ?? "") : null;
    if (table !== null && this.#isNew(`${code}/${table}/${this.#rows}`)) {
      const way = this.#wroteEventsTo(table) ? "--publish" : "--pass-over";
      return this.#decide(`accept table ${table} ${way}`);
    }
    const commands = commandsIn(said, this.#parts.plan.prefersAccept);
    const command = commands.find((one) => this.#isNew(`${code}/${one}/${this.#rows}`));
    if (command === "slot drop") return this.#dropSlot();
    if (command !== undefined) return this.#decide(command);
    return this.#isNew(`${code}/restart/${this.#rows}`) && this.#restart();
  }

  /** Another name of a column is set as long as the relay takes it: it refuses one that the table does not have now. */
  #isToTurn(code: string | null): boolean {
    if (code === "CONFIG_COLUMN" && this.#usesOtherColumns) {
      this.#turnRefusedAt = this.#rows;
      return true;
    }
    const isRefused = this.#turnRefusedAt === this.#rows;
    return code === "COLUMN_MISSING" && !isRefused && this.#parts.otherColumns() !== null;
  }

  /** Whether its rows were meant to be events when they were written: a person knows. */
  #wroteEventsTo(table: string): boolean {
    const [name] = wordsOf(table);
    return this.#parts.journal.rows.some(
      ({ class: meant, where }) =>
        meant === "event" && where.replaceAll('"', "").startsWith(`${name?.replaceAll('"', "")},`),
    );
  }

  /** A command may be given again when more was written since. */
  get #rows(): number {
    return this.#parts.journal.rows.length;
  }

  #isNew(what: string): boolean {
    if (this.#tried.has(what)) return false;
    this.#tried.add(what);
    return true;
  }

  async #runAll(statements: readonly string[]): Promise<boolean> {
    for (const statement of statements) {
      this.#parts.journal.note(`operator runs ${statement}`);
      await this.#parts.fixture.client.query(statement).catch((error: unknown) => {
        this.#parts.journal.note(`operator is refused: ${String(error)}`);
      });
    }
    return true;
  }

  async #decide(command: string): Promise<boolean> {
    const { journal, settings, held, decided } = this.#parts;
    const before = await held();
    journal.note(`operator runs outbox-relay ${command}`);
    const { code, stdout, stderr } = await runCommand(wordsOf(command), settings());
    journal.note(`exit code ${code}: ${stdout.trim()} ${stderr.trim()}`);
    if (code === 0) {
      const kind: DecisionMade["kind"] = command.startsWith("accept") ? "accept" : "repair";
      journal.decisions.push({ step: journal.step, kind, held: before });
      await decided();
      return true;
    }
    const statements = statementsIn(stderr).filter((one) => this.#isNew(`${command}/${one}`));
    await this.#runAll(statements);
    // Otherwise the next command that the hint names is tried.
    if (statements.length > 0) this.#forget(command);
    return true;
  }

  #forget(command: string): void {
    for (const one of this.#tried) if (one.includes(`/${command}/`)) this.#tried.delete(one);
  }

  /** Rows from before and after a rename take turns, and each needs the name of its time. */
  async #turnColumns(): Promise<boolean> {
    const { useColumns, otherColumns, journal } = this.#parts;
    this.#usesOtherColumns = !this.#usesOtherColumns;
    useColumns(this.#usesOtherColumns ? otherColumns() : null);
    journal.note(`operator sets ${JSON.stringify(this.#usesOtherColumns ? otherColumns() : {})}`);
    return this.#restart();
  }

  async #dropSlot(): Promise<boolean> {
    const { hand, journal, fixture, settings } = this.#parts;
    const command = `slot drop --confirm ${fixture.names.slot}`;
    journal.note(`operator stops the relay and runs outbox-relay ${command}`);
    await hand.stop();
    const { code, stdout, stderr } = await runCommand(wordsOf(command), settings());
    journal.note(`exit code ${code}: ${stdout.trim()} ${stderr.trim()}`);
    return hand.start(false);
  }

  async #restart(): Promise<boolean> {
    this.#parts.journal.note("operator restarts the relay");
    await this.#parts.hand.stop();
    await this.#parts.hand.start(false);
    return true;
  }
}

/** SQL that a hint gives as it is to be run; one with a place to fill in is none. */
export function statementsIn(hint: string): string[] {
  const found = hint.match(/\b(?:ALTER (?!SYSTEM)|GRANT |CREATE PUBLICATION )[^;]*;/g) ?? [];
  return found.filter((statement) => !statement.includes("..."));
}

/** The table that a hint asks about, as the hint writes it for a shell; null where it asks about none. */
export function tableIn(hint: string): string | null {
  return /outbox-relay accept table ((?:[^ ']|'(?:[^']|'\\'')*')+) --/.exec(hint)?.[1] ?? null;
}

/** The words of a command, as a shell cuts them. */
export function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^ '\\]|\\.|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/\\(.)|'([^']*)'/g, (_, one, text) => one ?? text));
}

/** The commands that a text names, in its order, the preferred one first. */
export function commandsIn(text: string, prefersAccept: boolean): string[] {
  const known = ["repair", "accept publication", "slot adopt", "slot drop"] as const;
  const named = known
    .map((command) => ({ command, at: text.indexOf(`outbox-relay ${command}`) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
    .map(({ command }) => command);
  return prefersAccept ? named.toSorted((a) => (a.startsWith("accept") ? -1 : 1)) : named;
}
