import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildHeraldImage, imageInputs } from '../../../lab/herald-image.ts'
import { buildah } from '../../../lab/image-cache.ts'
import { repository } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import { canMakeNamespaces } from '../../support/netns.ts'

interface Blob {
  digest: string
}

interface Manifest {
  config: Blob
  layers: Blob[]
}

interface Bom {
  components: { type: string; name: string; version?: string; hashes?: { alg: string; content: string }[] }[]
}

/** An OCI archive, unpacked. */
class Archive {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  static async unpack(file: string, folder: string): Promise<Archive> {
    await mkdir(folder)
    await run(['tar', '-xf', file, '-C', folder])
    return new Archive(folder)
  }

  async manifest(): Promise<Manifest> {
    const { manifests } = await this.#json<{ manifests: Blob[] }>('index.json')
    return await this.#json<Manifest>(this.#path(manifests[0]!))
  }

  async config(): Promise<object> {
    return await this.#json<object>(this.#path((await this.manifest()).config))
  }

  /** Of the last layer: what Herald adds to the base image. */
  async ownLayer(): Promise<string> {
    const { layers } = await this.manifest()
    return join(this.#folder, this.#path(layers.at(-1)!))
  }

  #path({ digest }: Blob): string {
    return join('blobs', digest.replace(':', '/'))
  }

  async #json<T>(path: string): Promise<T> {
    return JSON.parse(await readFile(join(this.#folder, path), 'utf8')) as T
  }
}

const reference = `herald.lab/reproducible:${process.pid}`

async function build(name: string, folder: string, options: { sources: string; storage?: string }): Promise<Archive> {
  const file = join(folder, `${name}.tar`)
  await buildHeraldImage({ reference, file }, options)
  return await Archive.unpack(file, join(folder, name))
}

async function copySources(from: string, to: string): Promise<void> {
  for (const path of imageInputs) {
    if (path === '.dockerignore' || existsSync(join(from, path))) {
      await mkdir(dirname(join(to, path)), { recursive: true })
      await cp(join(from, path), join(to, path), {
        recursive: true,
        filter: source => !source.endsWith('native/build'),
      })
    }
  }
}

/** As somebody else with another umask checks it out at another time. */
async function touchAll(folder: string): Promise<void> {
  const longAgo = new Date('2001-02-03T04:05:06Z')
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    await chmod(path, entry.isDirectory() ? 0o700 : 0o600)
    await utimes(path, longAgo, longAgo)
  }
}

describe("Herald's image", function () {
  this.timeout(480_000)
  this.retries(0)
  let folder: string
  let first: Archive
  let second: Archive

  before(async function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: building images needs root')
      this.skip()
    }
    folder = await mkdtemp(join(tmpdir(), 'herald-image-'))
    const here = join(folder, 'here')
    const elsewhere = join(folder, 'another', 'checkout')
    await copySources(repository, here)
    await copySources(here, elsewhere)
    await touchAll(elsewhere)
    first = await build('first', folder, { sources: here })
    second = await build('second', folder, { sources: elsewhere, storage: join(folder, 'storage') })
  })

  after(async () => {
    if (!folder) return
    await run(buildah(['rmi', reference]), { check: false })
    await rm(folder, { recursive: true, force: true })
  })

  it('is the same, bit by bit, from another checkout and at another time', async () => {
    assert.deepEqual(await second.config(), await first.config())
    assert.deepEqual(await second.manifest(), await first.manifest())
  })

  it('holds what its bill of materials lists, and nothing else', async () => {
    const content = join(folder, 'content')
    await mkdir(content)
    await run(['tar', '-xf', await first.ownLayer(), '-C', content])
    const bom = JSON.parse(await readFile(join(content, 'herald/sbom.json'), 'utf8')) as Bom
    const hashes = new Map<string, string>()
    for (const entry of await readdir(content, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const { mtimeMs, uid, gid } = await stat(path)
      assert.deepEqual({ mtimeMs, uid, gid }, { mtimeMs: 0, uid: 0, gid: 0 }, path)
      hashes.set(
        path.slice(content.length),
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      )
    }
    const listed = bom.components
      .filter(({ type }) => type === 'file')
      .map(({ name, hashes: [hash] = [] }) => [name, hash?.content])
    // The list itself has no hash in the list; the licence is that of all of it.
    assert.deepEqual(
      [...hashes.keys()].sort(),
      [...listed.map(([name]) => name), '/herald/LICENSE', '/herald/sbom.json'].sort(),
    )
    for (const [name = '', hash] of listed) assert.equal(hashes.get(name), hash, name)
    const node = bom.components.find(({ type }) => type === 'platform')
    assert.deepEqual([node?.name, node?.version], ['node', process.versions.node])
    assert.equal(
      await readFile(join(content, 'herald/licences.md'), 'utf8'),
      await readFile(join(repository, 'docs/licences.md'), 'utf8'),
    )
  })
})
