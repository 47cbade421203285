import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from './paths.ts'

/** A folder that becomes the root of an image, so that everyone may enter it; gone when the work is done. */
export async function withImageFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(cacheDir(), { recursive: true })
  const folder = await mkdtemp(join(cacheDir(), `building-${process.pid}-`))
  await chmod(folder, 0o755)
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
