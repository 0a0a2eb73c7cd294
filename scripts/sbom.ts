// Writes the packages that the image contains as SPDX 2.3 JSON to stdout: npm run -s sbom
// They are read from package-lock.json, so that the list and the installed versions have one source.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

interface Lock {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** What is here of one is open to more fields, which only go into the text. */
interface SpdxPackage extends Readonly<Record<string, unknown>> {
  readonly SPDXID: string;
}

const ROOT_ID = "SPDXRef-Package-outbox-relay";
const UNKNOWN = "NOASSERTION";

/** `createdMs`: when it was made, `cpu`: the processor of the image; the same lockfile, time and processor give the same text. */
export function sbom(lockfile: string, createdMs: number, cpu: string): string {
  const lock = JSON.parse(lockfile) as Lock;
  const parts = Object.entries(lock.packages)
    .filter(([path, entry]) => isInImage(lock, path, entry, cpu))
    .map(([path, entry]) => npmPackage(path, entry));
  const own = ownPackage(lock);
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `outbox-relay-${lock.version}`,
    // SPDX wants a name that no other document has; it need not lead anywhere.
    documentNamespace: `https://spdx.org/spdxdocs/outbox-relay-${lock.version}-${digest(lockfile)}`,
    creationInfo: {
      created: new Date(createdMs).toISOString().replace(/\.\d+Z$/, "Z"),
      creators: ["Tool: outbox-relay-sbom"],
    },
    packages: [own, ...parts],
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", ROOT_ID),
      ...parts.map(({ SPDXID }) => relationship(ROOT_ID, "DEPENDS_ON", SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Of the optional packages the image has the binaries for itself; Node, which is another of them, it brings along. */
function isInImage({ packages }: Lock, path: string, entry: LockedPackage, cpu: string): boolean {
  if (path === "" || entry.dev === true || entry.devOptional === true) return false;
  if (entry.optional !== true) return true;
  const ownOptional = Object.keys(packages[""]?.optionalDependencies ?? {});
  if (ownOptional.includes(nameOf(path))) return false;
  const { os = ["linux"], cpu: processors = [cpu], libc = ["glibc"] } = entry;
  return os.includes("linux") && processors.includes(cpu) && libc.includes("glibc");
}

function ownPackage({ name, version, packages }: Lock): SpdxPackage {
  const license = packages[""]?.license ?? UNKNOWN;
  return { ...described(name, version, license), SPDXID: ROOT_ID };
}

/** `path`: where the package lies, as `node_modules/a/node_modules/@b/c`. */
function npmPackage(path: string, entry: LockedPackage): SpdxPackage {
  const name = nameOf(path);
  const { version = "", license = UNKNOWN, integrity } = entry;
  return {
    ...described(name, version, license),
    SPDXID: `SPDXRef-Package-${path.replaceAll(/[^A-Za-z0-9.-]+/g, "-")}`,
    ...(integrity !== undefined && { checksums: [checksum(integrity)] }),
  };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function described(name: string, version: string, license: string): Record<string, unknown> {
  return {
    name,
    versionInfo: version,
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: license,
    copyrightText: UNKNOWN,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      },
    ],
  };
}

/** npm writes `sha512-` and base64; SPDX wants hex. */
function checksum(integrity: string): object {
  const [algorithm = "", base64 = ""] = integrity.split("-", 2);
  return {
    algorithm: algorithm.toUpperCase(),
    checksumValue: Buffer.from(base64, "base64").toString("hex"),
  };
}

function relationship(from: string, type: string, to: string): object {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

if (import.meta.main) {
  const lockfile = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
  const epoch = process.env["SOURCE_DATE_EPOCH"] ?? "";
  process.stdout.write(
    sbom(lockfile, epoch === "" ? Date.now() : Number(epoch) * 1000, process.arch),
  );
}
