import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { builtinsOnDemand } from '../../../../src/bin/image/builtins-on-demand.ts'

const SOURCE = `
  import http, { STATUS_CODES } from 'node:http'
  import * as crypto from 'node:crypto'
  const loaded = process.moduleLoadList.filter(name => /undici|webcrypto/.test(name))
  console.log(JSON.stringify([typeof http.request, STATUS_CODES[418], typeof crypto.createHash, loaded.length]))
`

/** What the source prints when it was bundled so. */
async function run(plugins: (typeof builtinsOnDemand)[]): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'herald-builtins-'))
  const outfile = join(folder, 'bundle.mjs')
  const banner = "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);"
  await build({
    stdin: { contents: SOURCE, resolveDir: folder, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: banner },
    plugins,
    outfile,
  })
  const output = execFileSync(process.execPath, [outfile], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return JSON.parse(output)
}

describe('builtinsOnDemand', () => {
  it('keeps Node from loading what nobody has asked for', async () => {
    const used = ['function', "I'm a Teapot", 'function']
    assert.deepEqual(await run([builtinsOnDemand]), [...used, 0])
    // Should this fail, Node has become frugal itself, and the plugin can go.
    assert.notDeepEqual(await run([]), [...used, 0])
  })
})
