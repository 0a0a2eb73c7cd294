import { uniqueName } from "../services.ts";
import { until } from "../until.ts";
import { docker, dockerOk, STRICT, variables } from "./docker.ts";

export interface ContainerState {
  readonly Running: boolean;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Health?: { readonly Status: string };
}

/** A container of a test's own, run as a strict platform does it; removed with everything in it. */
export class TestContainer {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async start(
    image: string,
    env: Readonly<Record<string, string>>,
    options: readonly string[] = [],
    argv: readonly string[] = [],
  ): Promise<TestContainer> {
    const name = uniqueName("outbox_relay_image_test");
    const flags = ["--detach", "--name", name, ...STRICT, ...variables(env), ...options];
    await dockerOk("run", ...flags, image, ...argv);
    return new TestContainer(name);
  }

  async state(): Promise<ContainerState> {
    const text = await dockerOk("inspect", "--format", "{{json .State}}", this.name);
    return JSON.parse(text) as ContainerState;
  }

  /** What it wrote to both streams. */
  async log(): Promise<string> {
    const { stdout, stderr } = await docker("logs", this.name);
    return stdout + stderr;
  }

  /** Waits until `holds`; a container that ends meanwhile fails with its log. */
  async until(holds: () => Promise<boolean>, deadlineMs: number, what: string): Promise<void> {
    let log = "";
    await until(
      async () => {
        const { Running, ExitCode } = await this.state();
        log = await this.log();
        if (!Running) throw new Error(`${what}: the container ended with ${ExitCode}\n${log}`);
        return holds();
      },
      deadlineMs,
      () => `${what}\n${log}`,
    );
  }

  /** `docker stop`; resolves with the exit code, 137 when it had to be killed after `graceSeconds`. */
  async stop(graceSeconds: number): Promise<number> {
    await dockerOk("stop", "--time", String(graceSeconds), this.name);
    return (await this.state()).ExitCode;
  }

  async remove(): Promise<void> {
    await docker("rm", "--force", "--volumes", this.name);
  }
}
