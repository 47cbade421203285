import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import { BUNDLES } from '../../../src/bin/image/bundles.ts'

interface Component {
  name: string
  type: string
  version?: string
  purl?: string
  hashes?: { alg: string; content: string }[]
  licenses?: object[]
}

interface Bom {
  components: Component[]
}

const isPackage = ({ purl }: Component): boolean => purl?.startsWith('pkg:npm/') ?? false

describe('the bill of materials of the bundles', function () {
  this.timeout(60_000)
  let folder: string
  let packages: Component[]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herald-sbom-'))
    await run([process.execPath, 'src/bin/build.ts', '--out', folder, '--sourcemap'], { cwd: repository })
    const bom = JSON.parse(await readFile(join(folder, 'sbom.json'), 'utf8')) as Bom
    packages = bom.components.filter(isPackage)
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it("lists the packages that the bundles' source maps name, and no other", async () => {
    const maps = await Promise.all(BUNDLES.map(name => readFile(join(folder, `${name}.js.map`), 'utf8')))
    const sources = maps.flatMap(map => (JSON.parse(map) as { sources: string[] }).sources)
    const names = sources.flatMap(file => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [])
    assert.ok(names.length > 50)
    assert.deepEqual(
      packages.map(({ name }) => name),
      [...new Set(names)].sort(),
    )
  })

  it('says of each what npm says of it', async () => {
    const command = ['npm', 'sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev', '--omit=optional']
    const { stdout } = await run(command, { cwd: repository })
    const ofNpm = new Map((JSON.parse(stdout) as Bom).components.map(component => [component.purl, component]))
    for (const { name, version, purl, hashes, licenses } of packages) {
      const other = ofNpm.get(purl)
      assert.deepEqual({ name, version, hashes, licenses }, other && pick(other), purl)
    }
  })
})

function pick({ name, version, hashes, licenses }: Component) {
  return { name, version, hashes, licenses }
}
