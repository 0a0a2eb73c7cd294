import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import type { Condition } from "../support/compose/compose-file.ts";
import { composeFile } from "../support/compose/compose-file.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { services, volumes } = composeFile();
const all = Object.entries(services);
const relays = all.filter(([, { build }]) => build?.target === "relay");

describe("docker-compose.yaml", () => {
  it("has every service of the picture", () => {
    expect(Object.keys(services)).toEqual([
      "postgres",
      "kafka",
      "migrate",
      "relay-1",
      "relay-2",
      "shop",
      "prometheus",
      "grafana",
    ]);
  });

  it("names a version of each image that it does not build", () => {
    const images = all.filter(([, { build }]) => build === undefined).map(([, { image }]) => image);
    expect(images.filter((image) => !/:v?\d/.test(image))).toEqual([]);
  });

  it("builds targets that the Dockerfile has", () => {
    const text = readFileSync(`${ROOT}Dockerfile`, "utf8");
    const stages = [...text.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, stage]) => stage);
    const targets = all.flatMap(([, { build }]) => (build === undefined ? [] : [build.target]));
    expect(stages).toEqual(expect.arrayContaining(targets));
  });

  it("mounts files that exist, read-only, and volumes that it declares", () => {
    const mounts = all.flatMap(([, service]) => service.volumes ?? []).map((one) => one.split(":"));
    const binds = mounts.filter(([source = ""]) => source.startsWith("./"));
    expect(binds.length).toBeGreaterThan(3);
    expect(binds.filter(([source = ""]) => !existsSync(ROOT + source))).toEqual([]);
    expect(binds.filter(([, , mode]) => mode !== "ro")).toEqual([]);
    const named = mounts.filter((mount) => !binds.includes(mount)).map(([source]) => source);
    expect(named).toEqual(Object.keys(volumes));
  });

  it("waits only for what can come: a check of health, or an end", () => {
    const waits = all.flatMap(([name, { depends_on: others = {} }]) =>
      Object.entries(others).map(([other, { condition }]) => ({ name, other, condition })),
    );
    expect(waits.length).toBeGreaterThan(5);
    expect(waits.filter(({ other, condition }) => !canCome(other, condition))).toEqual([]);
  });

  it("gives the relays settings that they take", () => {
    expect(relays.map(([name]) => name)).toEqual(["migrate", "relay-1", "relay-2"]);
    for (const [, { environment = {} }] of relays) {
      const env = { ...environment, NODE_ENV: "production" };
      expect(loadConfig(env).warnings).toEqual([]);
    }
  });

  it("opens ports to this host alone, each once", () => {
    const ports = all.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    expect(new Set(ports.map((port) => port.split(":")[1])).size).toBe(ports.length);
  });

  it("has Prometheus scrape both relays", () => {
    const text = readFileSync(`${ROOT}config/compose/prometheus.yaml`, "utf8");
    const { scrape_configs: jobs } = parse(text) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = jobs.flatMap((job) => job.static_configs).flatMap((one) => one.targets);
    expect(targets).toEqual(["relay-1:9464", "relay-2:9464"]);
  });
});

/** Whether a service can get into that condition. */
function canCome(name: string, condition: Condition): boolean {
  const { healthcheck, restart } = services[name] ?? {};
  if (condition === "service_healthy") return healthcheck?.test[0] === "CMD";
  if (condition === "service_completed_successfully") return restart === "no";
  return services[name] !== undefined;
}
