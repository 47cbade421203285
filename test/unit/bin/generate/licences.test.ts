import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { licencesPage, shippedPackages } from '../../../../src/bin/generate/licences.ts'

const repository = resolve(import.meta.dirname, '../../../..')
const packages = shippedPackages(repository)

/** Those under which a binary may be given away when the notice is kept, without a word on the rest of the program. */
const PERMISSIVE = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', '0BSD']

describe('the licences of what the image holds', () => {
  it('are permissive', () => {
    assert.deepEqual(
      packages.filter(({ licence }) => !PERMISSIVE.includes(licence)).map(({ name, licence }) => `${name}: ${licence}`),
      [],
    )
  })

  it('cover every package of which code is in a bundle', async () => {
    const entryPoints = ['controller', 'speaker', 'link-thread', 'cli'].map(name => `src/bin/${name}.ts`)
    const { metafile } = await build({
      ...{ absWorkingDir: repository, entryPoints, outdir: 'build', write: false, bundle: true, metafile: true },
      ...{ platform: 'node', format: 'esm', target: 'node24', external: ['*.node'], logLevel: 'error' },
    })
    const bundled = Object.keys(metafile.inputs).flatMap(
      file => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    )
    assert.ok(bundled.length > 50)
    const listed = new Set(packages.map(({ name }) => name))
    assert.deepEqual(
      [...new Set(bundled)].filter(name => !listed.has(name)),
      [],
    )
  }).timeout(20_000)

  it('stand on a page with their texts', () => {
    const page = licencesPage(packages)
    for (const { name, version, licence } of packages) assert.ok(page.includes(`| ${name} | ${version} | ${licence} |`))
    assert.match(page, /Permission is hereby granted, free of charge/)
  })
})
