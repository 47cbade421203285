import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { marker } from './daemons.ts'
import { processStartTime } from './process.ts'

export interface LabProcess {
  pid: number
  command: string
}

/**
 * Finds every process of a lab without asking what was written down about it: by network namespace, by the namespaces of
 * Pods (their control groups), by the mark in the environment.
 *
 * @param namespaceFiles of the lab's network namespaces
 * @param cgroups matches the names of the lab's control groups, e.g. "herald-lab-node1"
 */
export function findProcesses(labName: string, namespaceFiles: readonly string[], cgroups: RegExp): LabProcess[] {
  const namespaces = new Set(namespaceFiles.map(inode).filter(number => number !== undefined))
  const mark = Buffer.from(`\0${marker(labName)}\0`)
  const found: LabProcess[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid || processStartTime(pid) === undefined) continue
    if (namespaces.has(networkNamespace(pid) ?? -1) || inCgroup(pid, cgroups) || isMarked(pid, mark)) {
      found.push({ pid, command: commandLine(pid) })
    }
  }
  return found
}

function inode(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}

function networkNamespace(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0])
  } catch {
    return undefined // ended meanwhile
  }
}

function inCgroup(pid: number, cgroups: RegExp): boolean {
  // Lines like "4:memory:/herald-lab-node1/pod…"
  return read(`/proc/${pid}/cgroup`)
    .toString('utf8')
    .split('\n')
    .some(line => cgroups.test(line.split('/')[1] ?? ''))
}

function isMarked(pid: number, mark: Buffer): boolean {
  return Buffer.concat([Buffer.from([0]), read(`/proc/${pid}/environ`)]).includes(mark)
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).toString('utf8').replaceAll('\0', ' ').trim().slice(0, 120)
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
