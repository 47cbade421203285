import { existsSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Image } from '../lab/base-images.ts'
import { withImageFolder } from '../lab/image-folder.ts'
import { writeOciArchive } from '../lab/oci-archive.ts'
import { cacheDir } from '../lab/paths.ts'
import type { Prerequisite } from '../lab/prerequisites.ts'
import { run } from '../lab/process.ts'
import { copyPrograms } from '../lab/programs.ts'
import type { Suite } from './suite-build.ts'

/** What the suite's Pods call beside agnhost. */
export const agnhostPrerequisites: readonly Prerequisite[] = [
  { provides: 'busybox', debianPackage: 'busybox', why: "has the small commands of the suite's Pods" },
  { provides: '/bin/nc.openbsd', debianPackage: 'netcat-openbsd', why: "tries ports in the suite's Pods" },
]

/** These are other programs than busybox's: its shell prefers its own commands to those in the path. */
const programs = {
  'usr/bin/busybox': 'busybox',
  'usr/bin/sh': 'dash',
  'usr/bin/nc': 'nc.openbsd',
  'usr/bin/curl': 'curl',
}
const notFromBusybox = ['ash', 'busybox', 'curl', 'nc', 'sh']

/** The image of agnhost, under the name by which the suite's Pods ask for it. */
export async function agnhostImage(suite: Suite): Promise<Image> {
  const reference = await agnhostReference(suite)
  const file = join(cacheDir(), 'images', `agnhost-${basename(dirname(suite.agnhost)).split('-').at(-1)}.tar`)
  if (existsSync(file)) return { reference, file }
  await withImageFolder(async folder => {
    for (const path of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'tmp'])
      await mkdir(join(folder, path), { recursive: true })
    await chmod(join(folder, 'tmp'), 0o1777)
    for (const path of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${path}`, join(folder, path))
    const found = await Promise.all(
      Object.entries(programs).map(async ([inside, name]) => [inside, await whereIs(name)] as const),
    )
    await copyPrograms(folder, { ...Object.fromEntries(found), agnhost: suite.agnhost })
    const { stdout } = await run([join(folder, 'usr/bin/busybox'), '--list'])
    for (const applet of stdout.split('\n').filter(line => line !== '' && !notFromBusybox.includes(line)))
      await symlink('busybox', join(folder, 'usr/bin', applet))
    await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
    await writeFile(join(folder, 'etc/group'), 'root:x:0:\n')
    await writeFile(join(folder, 'etc/nsswitch.conf'), 'hosts: files dns\n')
    // As in the Dockerfile beside agnhost's source.
    await writeOciArchive(file, reference, [folder], { Entrypoint: ['/agnhost'], Cmd: ['pause'] })
  })
  return { reference, file }
}

/** The newest of the names that the suite has for agnhost: the older ones are for specs about upgrades. */
async function agnhostReference({ e2e, version }: Suite): Promise<string> {
  const { stdout } = await run([e2e, '--list-images'])
  const tag = (reference: string) => reference.split(':').at(-1)!
  const newest = stdout
    .split('\n')
    .filter(line => /\/agnhost:[\d.]+$/.test(line))
    .sort((one, other) => tag(one).localeCompare(tag(other), 'en', { numeric: true }))
    .at(-1)
  if (newest === undefined) throw new Error(`the suite of Kubernetes ${version} names no image of agnhost`)
  return newest
}

async function whereIs(program: string): Promise<string> {
  const { stdout } = await run(['sh', '-c', 'command -v "$0"', program])
  return stdout.trim()
}
