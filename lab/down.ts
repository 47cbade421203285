import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { labFile } from './lab.ts'
import { namespaceFile } from './network.ts'
import { privateFolders } from './node.ts'
import { stateDir } from './paths.ts'
import { run, sleep } from './process.ts'
import { findProcesses, type LabProcess } from './processes.ts'
import { crashFolder } from './router.ts'

/** What of a lab is on the machine. All lists are empty after `takeDown`. */
export interface Remains {
  processes: LabProcess[]
  namespaces: string[]
  mounts: string[]
  cgroups: string[]
  folders: string[]
}

/** Looks at the machine, not at what was written down, so that it also finds what an interrupted start left. */
export function findRemains(labName: string): Remains {
  const namespaces = list('/run/netns').filter(name => namespacePattern(labName).test(name))
  const folder = stateDir(labName)
  return {
    processes: findProcesses(labName, namespaces.map(namespaceFile), cgroupPattern(labName)),
    namespaces,
    mounts: mountsBelow(folder),
    cgroups: cgroupsOf(labName),
    folders: existsSync(folder) ? [folder] : [],
  }
}

export function isEmpty(remains: Remains): boolean {
  return Object.values(remains).every(found => found.length === 0)
}

/**
 * Removes everything of a lab, running or half started, and looks again.
 * @throws Error that names what could not be removed, or a folder of state that is not a lab's
 */
export async function takeDown(labName: string): Promise<void> {
  const folder = stateDir(labName)
  refuseForeignFolder(folder)
  await killAll(labName)
  const { mounts, namespaces } = findRemains(labName)
  for (const mount of mounts) await run(['umount', '--lazy', mount], { check: false })
  await Promise.all(namespaces.map(name => run(['ip', 'netns', 'delete', name], { check: false })))
  await removeCgroups(labName)
  // Only after nothing is mounted below: else this would empty what is mounted there.
  if (mountsBelow(folder).length === 0) await removeFolder(folder)
  // To remove a folder on which another mount namespace has mounted something would unmount it there.
  for (const folder of [...privateFolders, crashFolder]) if (!isMountedAnywhere(folder)) removeIfEmpty(folder)

  const left = findRemains(labName)
  if (isEmpty(left)) return
  const what = Object.entries(left).flatMap(([kind, found]) =>
    found.map(
      (item: string | LabProcess) => `${kind}: ${typeof item === 'string' ? item : `${item.pid} ${item.command}`}`,
    ),
  )
  throw new Error(`these could not be removed:\n${what.join('\n')}`)
}

/** HERALD_LAB_DIR may name any folder, by mistake perhaps one with something else in it. */
export function refuseForeignFolder(folder: string): void {
  const names = list(folder)
  if (names.length > 0 && !names.some(name => name.startsWith(labFile))) {
    throw new Error(`${folder} has other things than a lab in it: name another folder in HERALD_LAB_DIR, or empty it`)
  }
}

/** The file that tells what the folder is goes last, so that an interrupted removal can go on. */
async function removeFolder(folder: string): Promise<void> {
  const others = list(folder).filter(name => !name.startsWith(labFile))
  await Promise.all(others.map(name => rm(join(folder, name), { recursive: true, force: true })))
  await rm(folder, { recursive: true, force: true })
}

/** Kills until none is left: a process may start another one between our look and our signal. */
async function killAll(labName: string): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const { processes } = findRemains(labName)
    if (processes.length === 0) return
    for (const { pid } of processes) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // ended by itself meanwhile
      }
    }
    await sleep(50)
  }
}

async function removeCgroups(labName: string): Promise<void> {
  // A group is busy for a moment after its last process has ended.
  for (let attempt = 0; attempt < 50; attempt++) {
    const groups = cgroupsOf(labName)
    if (groups.length === 0) return
    for (const group of groups) removeTree(group)
    await sleep(20)
  }
}

/** Control groups are removed folder by folder; their files are the kernel's and go with them. */
function removeTree(group: string): void {
  try {
    const folders = readdirSync(group, { withFileTypes: true }).filter(entry => entry.isDirectory())
    for (const { name } of folders) removeTree(join(group, name))
  } catch {
    // gone meanwhile
  }
  removeIfEmpty(group)
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // not there, or in use by others
  }
}

// The exact names, because namespaces of others may begin with the same word.
export const namespacePattern = (labName: string) =>
  new RegExp(`^${labName}-(switch|control|client|router|outside|node\\d+)$`)
const cgroupPattern = (labName: string) => new RegExp(`^${labName}-lab-node\\d+$`)

/** Version 2 has one hierarchy at the top, version 1 one per controller below it. */
function cgroupsOf(labName: string): string[] {
  const top = '/sys/fs/cgroup'
  return [top, ...list(top).map(name => join(top, name))].flatMap(hierarchy =>
    list(hierarchy)
      .filter(name => cgroupPattern(labName).test(name))
      .map(name => join(hierarchy, name)),
  )
}

/** Deepest first. */
function mountsBelow(folder: string): string[] {
  return mountPoints('self')
    .filter(mountPoint => mountPoint === folder || mountPoint.startsWith(`${folder}/`))
    .sort((one, other) => other.length - one.length)
}

/** Whether any process of the machine, another lab's perhaps, sees a mount at this folder. */
function isMountedAnywhere(folder: string): boolean {
  return list('/proc').some(entry => /^\d+$/.test(entry) && mountPoints(entry).includes(folder))
}

function mountPoints(pid: string): string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')
    return lines.map(line => line.split(' ')[4]?.replaceAll('\\040', ' ') ?? '')
  } catch {
    return [] // ended meanwhile
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
