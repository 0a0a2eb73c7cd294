import { describe, expect, it } from "@jest/globals";
import type { Manifest } from "../support/chart/chart.ts";
import { ciFile, manifests, only, set } from "../support/chart/chart.ts";
import type { PodSpec } from "../support/chart/pods.ts";
import { podsOf } from "../support/chart/pods.ts";

const ARGS = ["migrate", "up", "--schema", "shop", "--table", "events"];

interface JobSpec {
  readonly backoffLimit: number;
  readonly ttlSecondsAfterFinished?: number;
}

function render(mode: string, ...values: readonly string[]): Promise<Manifest[]> {
  return manifests([ciFile(`migrations-${mode}-values.yaml`)], set(...values));
}

function podOf(all: readonly Manifest[], kind: string): PodSpec {
  const pod = podsOf(all).find((one) => one.kind === kind);
  if (pod === undefined) throw new Error(`no pod of a ${kind}`);
  return pod.spec;
}

function secretsOf({ volumes }: PodSpec): string[] {
  return volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret.secretName]));
}

/** Names of the chart's own objects that a hook would wait for in vain. */
function ownNames(all: readonly Manifest[]): string[] {
  const lasting = all.filter(
    ({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined,
  );
  return lasting.map(({ metadata }) => metadata.name);
}

describe("migrations by a hook", () => {
  it("run before install and upgrade, and leave nothing that blocks the next one", async () => {
    const { metadata, spec } = only(await render("hook"), "Job");
    expect(metadata.annotations).toMatchObject({
      "helm.sh/hook": "pre-install,pre-upgrade",
      "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    });
    // Removal by time makes GitOps report a drift.
    expect((spec as JobSpec).ttlSecondsAfterFinished).toBeUndefined();
  });

  it("need nothing of the chart, which does not exist yet", async () => {
    const all = await render("hook");
    const pod = podOf(all, "Job");
    const used = [...secretsOf(pod), pod.serviceAccountName];
    expect(used).toEqual(["shop-owner", "default"]);
    expect(ownNames(all).filter((name) => used.includes(name))).toEqual([]);
    expect(pod.containers[0]?.envFrom).toBeUndefined();
  });

  it("see only the role that owns the table, and the settings that they need", async () => {
    const pod = podOf(await render("hook"), "Job");
    expect(pod.containers[0]).toMatchObject({
      args: ARGS,
      env: [
        { name: "RELAY_DATABASE_STATEMENT_TIMEOUT", value: "1m" },
        { name: "RELAY_PUBLICATION_NAME", value: "shop_outbox" },
        { name: "RELAY_DATABASE_URL_FILE", value: "/etc/outbox-relay/migration-url/url" },
      ],
    });
  });

  it("know the shard and what it divides by, so that each release makes its own publication", async () => {
    const values = ["config.SHARD=0/2", "config.COLUMN_KEY=tenant"];
    const pod = podOf(await render("hook", ...values), "Job");
    expect(pod.containers[0]).toMatchObject({
      env: expect.arrayContaining([
        { name: "RELAY_COLUMN_KEY", value: "tenant" },
        { name: "RELAY_SHARD", value: "0/2" },
      ]) as unknown,
    });
  });

  it("have a copy of a connection string in plain text, made before them", async () => {
    const all = await manifests([ciFile("plain-url-values.yaml")]);
    const copy = only(all, "Secret", "-migrate").metadata.annotations;
    const job = only(all, "Job").metadata.annotations;
    expect(Number(copy?.["helm.sh/hook-weight"])).toBeLessThan(
      Number(job?.["helm.sh/hook-weight"]),
    );
    expect(secretsOf(podOf(all, "Job"))).toEqual(["shop-outbox-relay-migrate"]);
    expect(secretsOf(podOf(all, "Deployment"))).toEqual(["shop-outbox-relay"]);
  });
});

describe("migrations by a Job of the release", () => {
  it("are no hook, and take annotations for other tools", async () => {
    const { metadata, spec } = only(await render("job"), "Job");
    expect(metadata.annotations).toEqual({ "argocd.argoproj.io/sync-wave": "-1" });
    expect(spec).toMatchObject({ backoffLimit: 3, ttlSecondsAfterFinished: 600 });
  });

  it("have a name that changes with what they do and stays while they do the same, whatever the revision", async () => {
    const nameWith = async (...values: string[]): Promise<string> =>
      only(await render("job", ...values), "Job").metadata.name;
    const name = await nameWith();
    expect(name).toMatch(/^shop-outbox-relay-migrate-[0-9a-f]{8}$/);
    expect(await nameWith("replicaCount=5")).toBe(name);
    expect(await nameWith("image.tag=9.9.9")).not.toBe(name);
    expect(await nameWith("migrations.table=other")).not.toBe(name);
    expect(await nameWith("config.PUBLICATION_NAME=other")).not.toBe(name);
  });
});

describe("migrations in an init container", () => {
  it("run in each pod before the relay, with a secret that the relay's container does not see", async () => {
    const all = await render("init-container");
    const { initContainers = [], containers, volumes } = podOf(all, "Deployment");
    expect(initContainers.map(({ args }) => args)).toEqual([ARGS]);
    expect(volumes.map(({ name }) => name)).toEqual(["tmp", "database-url", "migration-url"]);
    const mounts = containers[0]?.volumeMounts?.map(({ name }) => name);
    expect(mounts).toEqual(["tmp", "database-url"]);
    expect(all.filter(({ kind }) => kind === "Job")).toEqual([]);
  });
});

describe("migrations by a tool of your own", () => {
  it("leave no trace in the chart", async () => {
    const all = await render("external");
    expect(all.filter(({ kind }) => kind === "Job")).toEqual([]);
    expect(JSON.stringify(all)).not.toMatch(/migrat/);
  });
});
