import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Image } from './base-images.ts'
import { cacheDir } from './paths.ts'
import { run } from './process.ts'

const keptOfAKind = 3

/** Another lab may be about to load what was in use a moment ago. */
const keptForMs = 3_600_000

/**
 * buildah with its storage in the cache, or in another folder, in a mount namespace of its own: what it mounts is gone with it, however it
 * ends.
 */
export function buildah(args: readonly string[], storage = join(cacheDir(), 'buildah')): string[] {
  return [
    'unshare',
    '--mount',
    'buildah',
    '--root',
    join(storage, 'storage'),
    '--runroot',
    join(storage, 'run'),
    ...args,
  ]
}

/** Notes that images are in use, and removes those of the same kinds that have not been for the longest time. */
export async function tidyImageCache(inUse: readonly Image[]): Promise<void> {
  const now = new Date()
  await Promise.all(inUse.map(image => utimes(image.file, now, now)))
  const folder = join(cacheDir(), 'images')
  const archives = (await readdir(folder)).filter(name => /^[a-z]+-[0-9a-f]{12}\.tar$/.test(name))
  const kinds = new Set(archives.map(name => name.split('-')[0]!))
  for (const kind of kinds) {
    const names = archives.filter(name => name.startsWith(`${kind}-`))
    const aged = await Promise.all(
      names.map(async name => ({ name, usedAt: (await stat(join(folder, name))).mtimeMs })),
    )
    const old = aged
      .sort((one, other) => other.usedAt - one.usedAt)
      .slice(keptOfAKind)
      .filter(({ usedAt }) => now.getTime() - usedAt > keptForMs)
    for (const { name } of old) {
      await rm(join(folder, name), { force: true })
      // Only what buildah has read or made is in its storage too.
      const reference = `herald.lab/${name.replace(/-([0-9a-f]+)\.tar$/, ':$1')}`
      await run(buildah(['rmi', reference]), { check: false })
    }
  }
}
