import type { ComposeService, Condition } from "../compose/compose-file.ts";
import { composeFile } from "../compose/compose-file.ts";
import { uniqueName } from "../services.ts";
import { until } from "../until.ts";
import { docker, dockerOk, IMAGE, SHOP_IMAGE, variables } from "./docker.ts";

const START_DEADLINE_MS = 90_000;
const BUILT: Readonly<Record<string, string>> = { relay: IMAGE, shop: SHOP_IMAGE };

interface State {
  readonly Status: string;
  readonly ExitCode: number;
}

/** Runs services of docker-compose.yaml as `docker compose up` would, by `docker run` in a network of their own. */
export class ComposeRun {
  readonly #network = uniqueName("outbox_relay_compose");
  readonly #started: string[] = [];

  async open(): Promise<void> {
    await dockerOk("network", "create", this.#network);
  }

  /** Starts a service after what it depends on, each in the condition that the file asks for. */
  async up(name: string): Promise<void> {
    if (this.#started.includes(name)) return;
    const service = composeFile().services[name];
    if (service === undefined) throw new Error(`docker-compose.yaml has no service ${name}`);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      await this.up(other);
      await this.#reaches(other, condition);
    }
    this.#started.push(name);
    const image = BUILT[service.build?.target ?? ""] ?? service.image;
    const place = ["--name", this.#container(name), "--network", this.#network];
    const flags = [...place, "--network-alias", name, "--publish-all", ...flagsOf(service)];
    await dockerOk("run", "--detach", ...flags, image, ...(service.command ?? []));
  }

  /** Of a service that is started. */
  async state(name: string): Promise<State> {
    const text = await dockerOk("inspect", "--format", "{{json .State}}", this.#container(name));
    return JSON.parse(text) as State;
  }

  /** The address on this host of a port that the image exposes. */
  async address(name: string, port: number): Promise<string> {
    const lines = await dockerOk("port", this.#container(name), String(port));
    return (lines.split("\n")[0] ?? "").replace("0.0.0.0", "127.0.0.1");
  }

  async stop(name: string): Promise<number> {
    const grace = composeFile().services[name]?.stop_grace_period ?? "10s";
    await dockerOk("stop", "--time", String(Number.parseInt(grace, 10)), this.#container(name));
    return (await this.state(name)).ExitCode;
  }

  async log(name: string): Promise<string> {
    const { stdout, stderr } = await docker("logs", this.#container(name));
    return stdout + stderr;
  }

  async close(): Promise<void> {
    const containers = this.#started.map((name) => this.#container(name));
    if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
    await docker("network", "rm", this.#network);
  }

  #container(name: string): string {
    return `${this.#network}-${name}`;
  }

  async #reaches(name: string, condition: Condition): Promise<void> {
    let log = "";
    await until(
      async () => {
        const { Status, ExitCode } = await this.state(name);
        log = await this.log(name);
        const isDone = condition === "service_completed_successfully";
        if (Status === "exited" && !(isDone && ExitCode === 0)) {
          throw new Error(`${name} ended with ${ExitCode}:\n${log}`);
        }
        if (isDone) return Status === "exited";
        return condition === "service_started" || (await this.#isHealthy(name));
      },
      START_DEADLINE_MS,
      () => `${name} in condition ${condition}\n${log}`,
    );
  }

  /** By the check itself: `docker run` takes one only as a text for a shell, which the relay's image lacks. */
  async #isHealthy(name: string): Promise<boolean> {
    const [form, ...check] = composeFile().services[name]?.healthcheck?.test ?? [];
    if (form !== "CMD") throw new Error(`${name} has no check of its health in exec form`);
    return (await docker("exec", this.#container(name), ...check)).code === 0;
  }
}

/** Volumes become anonymous ones: the containers of a test leave nothing behind. */
function flagsOf(service: ComposeService): string[] {
  const { hostname, read_only: isReadOnly = false } = service;
  const volumes = (service.volumes ?? []).map((volume) => volume.split(":")[1] ?? "");
  return [
    ...variables(service.environment ?? {}),
    ...(hostname === undefined ? [] : ["--hostname", hostname]),
    ...(isReadOnly ? ["--read-only"] : []),
    ...repeated("--tmpfs", service.tmpfs),
    ...repeated("--cap-drop", service.cap_drop),
    ...repeated("--security-opt", service.security_opt),
    ...repeated("--volume", volumes),
  ];
}

function repeated(flag: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => [flag, value]);
}
