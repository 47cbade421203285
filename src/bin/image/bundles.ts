import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { builtinsOnDemand } from './builtins-on-demand.ts'

export const repository = resolve(import.meta.dirname, '../../..')

/** What the image's files are made from, by the name of the bundle. */
const ENTRY_POINTS = { controller: 'controller', speaker: 'speaker', 'link-thread': 'link-thread', herald: 'cli' }

export const BUNDLES: readonly string[] = Object.keys(ENTRY_POINTS)

// CommonJS packages call require() for Node's own modules; an ES module has none until it makes one.
const REQUIRE_BANNER =
  "import { createRequire as heraldCreateRequire } from 'node:module'; const require = heraldCreateRequire(import.meta.url);"

export interface BundleInit {
  /** where the bundles go; without it none is written, for who asks what they would hold */
  readonly outFolder?: string
  readonly sourcemap?: boolean
}

/**
 * Bundles each entry point into one file: a process that reads one file starts faster and keeps less in memory than one that loads hundreds of
 * modules, and the image needs no node_modules. Equal sources give equal bytes, wherever the checkout lies.
 *
 * @returns what each bundle holds
 * @throws Error that names the entry points which are not there
 */
export async function bundle({ outFolder, sourcemap = false }: BundleInit = {}): Promise<Metafile> {
  const entryPoints = Object.entries(ENTRY_POINTS).map(([out, source]) => ({
    in: join(repository, 'src/bin', `${source}.ts`),
    out,
  }))
  const missing = entryPoints.map(entry => entry.in).filter(file => !existsSync(file))
  if (missing.length > 0) throw new Error(`${missing.map(file => relative(repository, file)).join(', ')} not found`)
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints,
    outdir: outFolder ?? 'build',
    write: outFolder !== undefined,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names stay, because logs and stack traces show them.
    minify: true,
    keepNames: true,
    // licences.ts writes them all.
    legalComments: 'none',
    sourcemap: sourcemap ? 'linked' : false,
    banner: { js: REQUIRE_BANNER },
    // The addon is loaded by its path at run time.
    external: ['*.node'],
    plugins: [builtinsOnDemand],
    metafile: true,
    logLevel: 'warning',
  })
  return metafile
}
