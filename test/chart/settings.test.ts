import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadConfig } from "../../src/config/load.ts";
import { settings } from "../../src/config/schema.ts";
import { allSettings } from "../../src/config/setting.ts";
import type { Manifest } from "../support/chart/chart.ts";
import { ciFile, ciFiles, manifests as render } from "../support/chart/chart.ts";
import type { Container, PodSpec } from "../support/chart/pods.ts";
import { containersOf, environmentOf, podsOf } from "../support/chart/pods.ts";
import { SecretTexts } from "../support/chart/secret-texts.ts";

const SENSITIVE = allSettings(settings)
  .filter(({ setting }) => setting.sensitive)
  .map(({ setting }) => setting.env);
/** Secrets by their names, whether the relay has such a setting or not. */
const SECRET_NAME =
  /(?:(?<!ENDPOINT)_URL|PASSWORD|SECRET|TOKEN|PASSPHRASE|_KEY|USERNAME|_CERT|_CA)$/;

interface OwnContainer {
  readonly container: Container;
  readonly spec: PodSpec;
}

describe.each(ciFiles())("pods of the chart with ci/%s", (file) => {
  let manifests: readonly Manifest[] = [];
  let own: readonly OwnContainer[] = [];
  let secrets: SecretTexts;

  beforeAll(async () => {
    secrets = await SecretTexts.make();
    manifests = await render([ciFile(file)]);
    own = podsOf(manifests).flatMap(({ spec }) =>
      containersOf(spec)
        .filter(({ image }) => image.includes("outbox-relay"))
        .map((container) => ({ container, spec })),
    );
  });

  it("get settings that the relay itself takes, every file of a secret mounted", () => {
    expect(own).not.toEqual([]);
    for (const { container, spec } of own) {
      const env = environmentOf(container, manifests);
      // A migration does not need to know the brokers.
      const unused = container.args?.[0] === "migrate" ? { KAFKA_BROKERS: "localhost:9092" } : {};
      const files = mountedFiles(container, spec);
      const { warnings } = loadConfig({ ...unused, NODE_ENV: "production", ...env }, (path) => {
        if (!files.has(path)) throw new Error(`${path} is in no mount of ${container.name}`);
        return secrets.at(path, env);
      });
      expect(warnings).toEqual([]);
    }
  });

  it("get no secret in a ConfigMap or in the open", () => {
    for (const { container } of own) {
      const env = environmentOf(container, manifests);
      expect(Object.keys(env).filter(isSecret)).toEqual([]);
    }
    const maps = manifests.filter(({ kind }) => kind === "ConfigMap");
    expect(maps.flatMap(({ data = {} }) => Object.keys(data)).filter(isSecret)).toEqual([]);
  });

  it("take every secret from one that the user made, unless the values hold it as plain text", () => {
    const made = manifests
      .filter(({ kind }) => kind === "Secret")
      .map(({ metadata }) => metadata.name);
    expect(made).toEqual(file === "plain-url-values.yaml" ? PLAIN_SECRETS : []);
  });
});

const PLAIN_SECRETS = ["shop-outbox-relay", "shop-outbox-relay-migrate"];

function isSecret(name: string): boolean {
  return SENSITIVE.includes(name) || SECRET_NAME.test(name);
}

/** The paths of the files that volumes of secrets put into a container. */
function mountedFiles(container: Container, { volumes }: PodSpec): Set<string> {
  const mounts = container.volumeMounts ?? [];
  return new Set(
    volumes.flatMap(({ name, secret }) => {
      const mount = mounts.find((one) => one.name === name);
      if (mount === undefined) return [];
      return (secret?.items ?? []).map(({ path }) => `${mount.mountPath}/${path}`);
    }),
  );
}
