import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from './process.ts'

/**
 * Puts programs of this machine into an image's root folder, with the shared libraries and the dynamic loader that they
 * need. In that folder /lib and /lib64 lead into /usr, as in Debian since its release 12.
 * @param programs path in the image to path on this machine, e.g. "usr/bin/sh" to "/bin/dash"
 */
export async function copyPrograms(root: string, programs: Readonly<Record<string, string>>): Promise<void> {
  const files = { ...programs }
  for (const library of await librariesOf(Object.values(programs))) {
    files[library.replace(/^\/(lib|lib64)\//, '/usr/$1/')] = library
  }
  for (const [inside, outside] of Object.entries(files)) {
    await mkdir(dirname(join(root, inside)), { recursive: true })
    await copyFile(outside, join(root, inside))
    await chmod(join(root, inside), 0o755)
  }
}

/** Paths of shared libraries and loaders; none for a program that is linked statically, which ldd refuses. */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  const outputs = await Promise.all(programs.map(program => run(['ldd', program], { check: false })))
  const paths = outputs.flatMap(({ stdout }) =>
    [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(match => match[1]!),
  )
  return [...new Set(paths)]
}
