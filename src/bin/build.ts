/**
 * Bundles each entry point into one file of build/: a process that reads one file starts faster and keeps less in memory
 * than one that loads hundreds of modules, and the image needs no node_modules.
 */
import { chmodSync, existsSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const USAGE = `usage: node src/bin/build.ts [--out FOLDER] [--sourcemap] [--metafile]
  --out FOLDER   where the bundles go (default: build)
  --sourcemap    write source maps beside them
  --metafile     print what each bundle holds, largest first`

const repository = resolve(import.meta.dirname, '../..')
const entryPoints = [
  { name: 'controller', source: 'controller' },
  { name: 'speaker', source: 'speaker' },
  { name: 'link-thread', source: 'link-thread' },
  { name: 'herald', source: 'cli' },
].map(({ name, source }) => ({ name, file: join(repository, 'src/bin', `${source}.ts`) }))

/** What people start by its name. */
const PROGRAMS = ['herald']

// CommonJS packages call require() for Node's own modules; an ES module has none until it makes one.
const REQUIRE_BANNER =
  "import { createRequire as heraldCreateRequire } from 'node:module'; const require = heraldCreateRequire(import.meta.url);"

function readFlags() {
  return parseArgs({
    options: {
      out: { type: 'string', default: join(repository, 'build') },
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
  const missing = entryPoints.filter(({ file }) => !existsSync(file))
  if (missing.length > 0) {
    console.error(`cannot build: ${missing.map(({ file }) => relative(repository, file)).join(', ')} not found`)
    return 1
  }
  const result = await build({
    absWorkingDir: repository,
    entryPoints: entryPoints.map(({ name, file }) => ({ in: file, out: name })),
    outdir: resolve(flags.out),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names stay, because logs and stack traces show them.
    minify: true,
    keepNames: true,
    legalComments: 'none',
    sourcemap: flags.sourcemap ? 'linked' : false,
    banner: { js: REQUIRE_BANNER },
    // The addon is loaded by its path at run time.
    external: ['*.node'],
    metafile: true,
    logLevel: 'warning',
  })
  for (const { name } of entryPoints) {
    const file = join(resolve(flags.out), `${name}.js`)
    if (PROGRAMS.includes(name)) chmodSync(file, 0o755)
    console.log(`${relative(process.cwd(), file)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`)
  }
  if (flags.metafile) printContents(result.metafile.outputs)
  return 0
}

function printContents(outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>): void {
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
