import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { buildBaseImage, type Image, nodeBaseImage } from './base-images.ts'
import { buildah } from './image-cache.ts'
import { cacheDir, repository } from './paths.ts'
import { run } from './process.ts'
import { runLogged, step } from './progress.ts'

/** What the Dockerfile copies. A change in any other file of the repository needs no new image. */
export const imageInputs = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'src',
  'native',
  'LICENSE',
]
const repositoryName = 'herald.lab/herald'

/**
 * Builds Herald's image with the repository's Dockerfile, or finds it in the cache: the tag is a hash of its inputs.
 *
 * The base images that the Dockerfile names come from a registry; the lab passes its own in their place.
 */
export async function heraldImage(): Promise<Image> {
  const [node, build] = [await nodeBaseImage(), await buildBaseImage()]
  const hash = createHash('sha256').update(`${node.reference} ${build.reference}`)
  for (const file of await filesOf(imageInputs)) {
    const path = join(repository, file)
    hash.update(`\0${file}\0${(await stat(path)).mode & 0o111}\0`).update(await readFile(path))
  }
  const tag = hash.digest('hex').slice(0, 12)
  const folder = join(cacheDir(), 'images')
  const image = { reference: `${repositoryName}:${tag}`, file: join(folder, `herald-${tag}.tar`) }
  if (existsSync(image.file)) return image
  await step("building Herald's image with the Dockerfile", 'about 1 minute the first time', () =>
    buildHeraldImage(image, { sources: repository }),
  )
  return image
}

/**
 * Builds Herald's image out of a folder of sources, into an OCI archive.
 * @param options.storage buildah's folder, by default the lab's; an empty one knows of no earlier build
 */
export async function buildHeraldImage(
  { reference, file }: Image,
  { sources, storage }: { sources: string; storage?: string },
): Promise<void> {
  const [node, build] = [await nodeBaseImage(), await buildBaseImage()]
  const logFile = join(cacheDir(), 'images', 'herald-build.log')
  const log = (args: string[]) => runLogged(buildah(args, storage), { logFile, cwd: sources })
  for (const base of [node, build]) {
    const present = await run(buildah(['inspect', '--type', 'image', base.reference], storage), { check: false })
    if (present.code !== 0) await log(['pull', `oci-archive:${base.file}`])
  }
  const baseArguments = { NODE_IMAGE: node.reference, BUILD_IMAGE: build.reference }
  await log([
    ...['build', '--isolation', 'chroot', '--layers', '--format', 'oci', '--pull-never', '--tag', reference],
    // Without the time and the builder's version the same sources make the same image.
    ...['--timestamp', '0', '--identity-label=false'],
    ...Object.entries(baseArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...['--file', join(sources, 'Dockerfile'), sources],
  ])
  await rm(`${file}.new`, { force: true })
  // Not compressed: it travels from one folder of this machine to another.
  await log(['push', '--disable-compression', reference, `oci-archive:${file}.new:${reference}`])
  await rename(`${file}.new`, file)
}

/** All files below the given paths of the repository, sorted; paths that do not exist are left out. */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    const full = join(repository, path)
    if (!existsSync(full)) continue
    if (!(await stat(full)).isDirectory()) {
      found.push(path)
      continue
    }
    for (const entry of await readdir(full, { recursive: true, withFileTypes: true })) {
      const name = relative(repository, join(entry.parentPath, entry.name))
      // native/build holds a link to what was compiled for this machine.
      if (entry.isFile() && !name.startsWith('native/build/')) found.push(name)
    }
  }
  return found.sort()
}
