import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Image } from '../../lab/base-images.ts'
import { withImageFolder } from '../../lab/image-folder.ts'
import { writeOciArchive } from '../../lab/oci-archive.ts'
import { cacheDir } from '../../lab/paths.ts'
import type { Prerequisite } from '../../lab/prerequisites.ts'
import { run } from '../../lab/process.ts'
import { copyPrograms } from '../../lab/programs.ts'
import type { Suite } from './suite-build.ts'

/** What the suite's Pods call beside agnhost. */
export const agnhostPrerequisites: readonly Prerequisite[] = [
  { provides: 'busybox', debianPackage: 'busybox', why: "has the small commands of the suite's Pods" },
  { provides: '/bin/nc.openbsd', debianPackage: 'netcat-openbsd', why: "tries ports in the suite's Pods" },
  { provides: 'wget', debianPackage: 'wget', why: "fetches pages in the suite's Pods" },
]

/** Commands that are not busybox's: its shell prefers its own to those in the path, its netcat knows other options. */
const programs = {
  'usr/bin/busybox': 'busybox',
  'usr/bin/curl': 'curl',
  'usr/bin/nc': 'nc.openbsd',
  'usr/bin/sh': 'dash',
  'usr/libexec/wget': 'wget',
}
const notFromBusybox = ['ash', 'busybox', 'curl', 'nc', 'sh', 'wget']

/**
 * The suite reckons with busybox's wget, which tries once and takes a bare IPv6 address. That of Debian 12 (1.35.0) crashes
 * on the option -T, so this is GNU's, made to do the same.
 */
const wget = `#!/bin/sh
for argument do
  shift
  case $argument in
    *://* | -*) ;;
    *:*:*) argument="http://[$argument]" ;;
  esac
  set -- "$@" "$argument"
done
exec /usr/libexec/wget --tries=1 "$@"
`

/** The image of agnhost, under the name by which the suite's Pods ask for it. */
export async function agnhostImage(suite: Suite): Promise<Image> {
  const reference = await agnhostReference(suite)
  const found = await Promise.all(
    Object.entries(programs).map(async ([inside, name]) => [inside, await whereIs(name)] as const),
  )
  const hash = createHash('sha256').update(suite.agnhost)
  for (const path of [import.meta.filename, ...found.map(([, outside]) => outside)]) hash.update(await readFile(path))
  const file = join(cacheDir(), 'images', `agnhost-${hash.digest('hex').slice(0, 12)}.tar`)
  if (existsSync(file)) return { reference, file }
  await withImageFolder(async folder => {
    await copyPrograms(folder, { ...Object.fromEntries(found), agnhost: suite.agnhost })
    await addFiles(folder)
    // As in the Dockerfile beside agnhost's source.
    await writeOciArchive(file, reference, [folder], { Entrypoint: ['/agnhost'], Cmd: ['pause'] })
  })
  return { reference, file }
}

async function addFiles(folder: string): Promise<void> {
  for (const path of ['usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'tmp'])
    await mkdir(join(folder, path), { recursive: true })
  await chmod(join(folder, 'tmp'), 0o1777)
  for (const path of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${path}`, join(folder, path))
  const { stdout } = await run([join(folder, 'usr/bin/busybox'), '--list'])
  for (const applet of stdout.split('\n').filter(line => line !== '' && !notFromBusybox.includes(line)))
    await symlink('busybox', join(folder, 'usr/bin', applet))
  const files = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\n',
    group: 'root:x:0:\n',
    'nsswitch.conf': 'hosts: files dns\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'etc', name), text)
  await writeFile(join(folder, 'usr/bin/wget'), wget, { mode: 0o755 })
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
