import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

interface LockedPackage {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

type LockedPackages = Readonly<Record<string, LockedPackage>>

/** An npm package of which code is in Herald's image. */
export interface ShippedPackage {
  readonly name: string
  readonly version: string
  /** an SPDX identifier or expression */
  readonly licence: string
  /** the texts of its files LICENSE and NOTICE */
  readonly text: string
  /** of the package's archive, e.g. "sha512-" and base64 */
  readonly integrity: string
  /** those of its dependencies that are shipped too, as name@version */
  readonly dependencies: readonly string[]
}

/** Where a package lies, at the end of the path of one of its files; a package may have packages of its own. */
const PACKAGE_FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

/** The npm packages that bundles hold code of, by name, with what package-lock.json and the packages themselves say of them. */
export function shippedPackages(repository: string, { outputs }: Metafile): ShippedPackage[] {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as { packages: LockedPackages }
  const folders = bundledFolders(outputs)
  const found = [...folders].map((folder): ShippedPackage => {
    const name = nameOf(folder)
    const { version, license, integrity, dependencies = {} } = lock.packages[folder] ?? {}
    if (!version || !license || !integrity)
      throw new Error(`${name}: package-lock.json lacks its version, licence or integrity`)
    const resolved = Object.keys(dependencies).map(dependency => resolvedFolder(lock.packages, folder, dependency))
    const shipped = resolved.filter(dependency => folders.has(dependency))
    return {
      ...{ name, version, licence: license, integrity, text: licenceText(join(repository, folder)) },
      dependencies: shipped.map(dependency => `${nameOf(dependency)}@${lock.packages[dependency]?.version}`).sort(),
    }
  })
  return found.sort((a, b) => (a.name < b.name || (a.name === b.name && a.version < b.version) ? -1 : 1))
}

function bundledFolders(outputs: Metafile['outputs']): Set<string> {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  // What nothing uses leaves no byte in the bundle.
  const used = files.filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return new Set(used.flatMap(([file]) => PACKAGE_FOLDER.exec(file)?.[1] ?? []))
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** Where Node finds a dependency: in the package's own node_modules, else in the next one above. */
function resolvedFolder(packages: LockedPackages, from: string, name: string): string {
  for (let folder = from; folder !== ''; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder}/node_modules/${name}`]) return `${folder}/node_modules/${name}`
  }
  return `node_modules/${name}`
}

/** @throws Error when it has no file with a licence's text, which its licence asks to pass on */
function licenceText(folder: string): string {
  const files = readdirSync(folder).filter(name => /^(licen[cs]e|notice)\b/i.test(name))
  if (files.length === 0) throw new Error(`${folder} has no licence file`)
  const texts = files.sort().map(file => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
  return texts.join('\n\n')
}
