/**
 * Makes what the image holds of Herald: the bundles, the licences of the packages in them, and the software bill of materials. The native addon
 * is listed there too if it lies beside them already.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Metafile } from 'esbuild'
import { BUNDLES, bundle, repository } from './image/bundles.ts'
import { licencesPage } from './image/licences.ts'
import { sbom } from './image/sbom.ts'
import { shippedPackages } from './image/shipped-packages.ts'

const USAGE = `usage: node src/bin/build.ts [--out FOLDER] [--runtime FILE] [--sourcemap] [--metafile]
  --out FOLDER   where the files go (default: build)
  --runtime FILE process.versions, as JSON, of the Node that will run them (default: of this one)
  --sourcemap    write source maps beside the bundles
  --metafile     print what each bundle holds, largest first`

/** What people start by its name. */
const PROGRAMS = ['herald']

/** Where the files will lie. */
const IMAGE_FOLDER = '/herald'

function readFlags() {
  return parseArgs({
    options: {
      out: { type: 'string', default: join(repository, 'build') },
      runtime: { type: 'string' },
      sourcemap: { type: 'boolean', default: false },
      metafile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values
}

async function main(): Promise<number> {
  let flags: ReturnType<typeof readFlags>
  try {
    flags = readFlags()
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
  if (flags.help) {
    console.log(USAGE)
    return 0
  }
  const outFolder = resolve(flags.out)
  mkdirSync(outFolder, { recursive: true })
  try {
    const metafile = await bundle({ outFolder, sourcemap: flags.sourcemap })
    for (const name of PROGRAMS) chmodSync(join(outFolder, `${name}.js`), 0o755)
    writeInventory(outFolder, metafile, flags.runtime)
    if (flags.metafile) printContents(metafile)
  } catch (error) {
    console.error(`cannot build: ${(error as Error).message}`)
    return 1
  }
  for (const name of BUNDLES) {
    const file = join(outFolder, `${name}.js`)
    console.log(`${relative(process.cwd(), file)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`)
  }
  return 0
}

function writeInventory(outFolder: string, metafile: Metafile, runtimeFile: string | undefined): void {
  const packages = shippedPackages(repository, metafile)
  writeFileSync(join(outFolder, 'licences.md'), licencesPage(packages))
  const herald = readJson<Parameters<typeof sbom>[0]['herald'] & { dependencies: Record<string, string> }>(
    join(repository, 'package.json'),
  )
  const names = [...BUNDLES.map(name => `${name}.js`), 'herald.node', 'licences.md']
  const present = names.sort().filter(name => existsSync(join(outFolder, name)))
  const text = sbom({
    ...{ herald, packages, directDependencies: Object.keys(herald.dependencies) },
    runtimeVersions: runtimeFile === undefined ? versionsOfThisNode() : readJson(runtimeFile),
    files: new Map(present.map(name => [`${IMAGE_FOLDER}/${name}`, readFileSync(join(outFolder, name))])),
  })
  writeFileSync(join(outFolder, 'sbom.json'), text)
}

function versionsOfThisNode(): Record<string, string> {
  return process.versions as Record<string, string>
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

function printContents({ outputs }: Metafile): void {
  for (const [output, { inputs }] of Object.entries(outputs)) {
    const sizes = new Map<string, number>()
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const part = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'herald'
      sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput)
    }
    console.log(`\n${output}`)
    const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, 15)
    for (const [part, bytes] of largest) console.log(`  ${(bytes / 1024).toFixed(1).padStart(8)} KiB  ${part}`)
  }
}

process.exitCode = await main()
