import { createHash } from 'node:crypto'
import type { ShippedPackage } from './shipped-packages.ts'

export interface SbomInit {
  /** what Herald's package.json says of it */
  readonly herald: { readonly version: string; readonly description: string; readonly license: string }
  readonly packages: readonly ShippedPackage[]
  /** the packages that Herald's package.json asks for */
  readonly directDependencies: readonly string[]
  /** `process.versions` of the Node that the image holds */
  readonly runtimeVersions: Readonly<Record<string, string>>
  /** the image's own files, by path */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Numbers of interfaces among `process.versions`, not of anything that Node is made of. */
const INTERFACE_VERSIONS = ['node', 'modules', 'napi']

/**
 * The software bill of materials of the image, in CycloneDX 1.6 as JSON: the npm packages that the bundles hold code of, Node and what it is
 * made of, and Herald's own files. The base image's packages are not in it: the base image lists them itself.
 *
 * Equal contents give equal bytes: there is no time in it, and its serial number is a hash of the rest.
 */
export function sbom({ herald, packages, directDependencies, runtimeVersions, files }: SbomInit): string {
  const direct = packages.filter(({ name }) => directDependencies.includes(name)).map(reference)
  const node = nodeComponent(runtimeVersions)
  const content = {
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        ...{ 'bom-ref': 'herald', type: 'application', name: 'herald', version: herald.version },
        ...{ description: herald.description, licenses: licenses(herald.license) },
      },
    },
    components: [...packages.map(packageComponent), node, ...[...files].map(fileComponent)],
    dependencies: [
      { ref: 'herald', dependsOn: [...direct, node['bom-ref']] },
      ...packages.map(shipped => ({ ref: reference(shipped), dependsOn: shipped.dependencies })),
    ],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
  const head = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber },
  }
  return `${JSON.stringify({ ...head, ...content }, null, 2)}\n`
}

function reference({ name, version }: ShippedPackage): string {
  return `${name}@${version}`
}

function packageComponent(shipped: ShippedPackage) {
  const { name, version, licence, integrity } = shipped
  return {
    ...{ 'bom-ref': reference(shipped), type: 'library', name, version },
    hashes: [integrityHash(name, integrity)],
    licenses: licenses(licence),
    // The purl specification wants the @ of a scope escaped.
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  }
}

function nodeComponent(versions: Readonly<Record<string, string>>) {
  const version = versions.node ?? ''
  const parts = Object.entries(versions)
    .filter(([name]) => !INTERFACE_VERSIONS.includes(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return {
    ...{ 'bom-ref': `node@${version}`, type: 'platform', name: 'node', version, licenses: licenses('MIT') },
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:-:*:*:*`,
    purl: `pkg:generic/node@${version}`,
    components: parts.map(([name, partVersion]) => ({
      ...{ 'bom-ref': `node@${version}/${name}`, type: 'library', name, version: partVersion },
    })),
  }
}

function fileComponent([path, content]: [path: string, content: Uint8Array]) {
  const hash = createHash('sha256').update(content).digest('hex')
  return { 'bom-ref': path, type: 'file', name: path, hashes: [{ alg: 'SHA-256', content: hash }] }
}

function licenses(licence: string) {
  return [/[ ()]/.test(licence) ? { expression: licence } : { license: { id: licence } }]
}

/** As package-lock.json has it (Subresource Integrity), in CycloneDX's words. */
function integrityHash(name: string, integrity: string) {
  const [, algorithm, base64] = /^sha(256|384|512)-([A-Za-z0-9+/=]+)$/.exec(integrity) ?? []
  if (!algorithm || !base64) throw new Error(`${name}: "${integrity}" in package-lock.json is no integrity of one hash`)
  return { alg: `SHA-${algorithm}`, content: Buffer.from(base64, 'base64').toString('hex') }
}

/** A UUID of version 8 (RFC 9562 §5.8) out of a hash of the text. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
