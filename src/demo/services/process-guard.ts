import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * A shell that outlives us by a moment. It learns the process ids through its standard input and sees the end of
 * that pipe however we end: by SIGKILL, by a crash, or by Ctrl-C, from which a session of its own keeps it. Then it
 * ends what is left and removes the folder.
 * A signal may reach a process that is stopped, hence CONT; five seconds are for Postgres to end its own children.
 */
const GUARD = `
watched=""
while read -r word pid signal; do
  case "$word" in
    watch) watched="$watched $pid:$signal" ;;
    forget) left=""
      for entry in $watched; do [ "\${entry%%:*}" = "$pid" ] || left="$left $entry"; done
      watched="$left" ;;
  esac
done
for entry in $watched; do kill -s "\${entry##*:}" "\${entry%%:*}"; kill -s CONT "\${entry%%:*}"; done
tries=0
while [ -n "$watched" ] && [ "$tries" -lt 50 ]; do
  left=""
  for entry in $watched; do kill -0 "\${entry%%:*}" && left="$left $entry"; done
  watched="$left"
  tries=$((tries + 1))
  [ -z "$watched" ] || sleep 0.1
done
for entry in $watched; do kill -s KILL "\${entry%%:*}"; done
rm -rf -- "$1"
`;

/** Sees to it that child processes and their folder go away even when this process is killed. */
export class ProcessGuard {
  readonly #shell: ChildProcess;
  #isClosing = false;

  /** `directory` is removed when this process ends, `close` is called, or `stop` is aborted. */
  constructor(directory: string, stop?: AbortSignal) {
    stop?.throwIfAborted();
    this.#shell = spawn("/bin/sh", ["-c", GUARD, "guard", directory], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
    });
    this.#shell.unref();
    // A guard that is gone shows at `close`; until then its pipe must not throw into unrelated code.
    this.#shell.stdin?.on("error", () => this.#shell.stdin?.destroy());
    stop?.addEventListener("abort", () => void this.close(), { once: true });
  }

  /** Until `child` has ended, `signal` is what ends it when we are gone. */
  watch(child: ChildProcess, signal: "KILL" | "QUIT"): void {
    const { pid } = child;
    if (pid === undefined) return; // It did not start, and reports that itself.
    // Closed while its owner was about to start this one: nobody else would end it.
    if (this.#isClosing) child.kill("SIGKILL");
    this.#tell(`watch ${pid} ${signal}`);
    child.once("exit", () => this.#tell(`forget ${pid}`));
  }

  /** Ends what still runs, removes the folder, and resolves when both are done. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, "exit");
    this.#shell.ref();
    this.#shell.stdin?.end();
    await ended;
  }

  #tell(line: string): void {
    if (this.#shell.stdin?.writable === true) this.#shell.stdin.write(`${line}\n`);
  }
}
