import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { processStartTime, sleep, spawnDetached } from './process.ts'

/** A process of the lab that runs until it is stopped: written down as a file, so that any later command finds it. */
export interface Daemon {
  /** e.g. "kubelet-node1" */
  name: string
  command: readonly string[]
  pid: number
  /** With the id it names one process for ever; ids alone come back. */
  startTime: string
}

/** Mark in the environment of every process of a lab, by which `down` finds it. */
export const marker = (labName: string) => `HERALD_LAB=${labName}`

export const daemonLog = (lab: Lab, name: string) => join(lab.logFolder, `${name}.log`)

/** Starts a daemon under a new name, or starts one again with the command it had. */
export function startDaemon(lab: Lab, name: string, command: readonly string[] = daemon(lab, name).command): Daemon {
  mkdirSync(join(lab.folder, 'daemons'), { recursive: true })
  const child = spawnDetached(command, {
    logFile: daemonLog(lab, name),
    env: { ...process.env, HERALD_LAB: lab.config.name },
  })
  const startTime = child.pid === undefined ? undefined : processStartTime(child.pid)
  if (child.pid === undefined || startTime === undefined)
    throw new Error(`${name} did not start: ${command[0]} cannot be run`)
  const started: Daemon = { name, command, pid: child.pid, startTime }
  writeFileSync(daemonFile(lab, name), JSON.stringify(started))
  return started
}

export function isRunning({ pid, startTime }: Daemon): boolean {
  return processStartTime(pid) === startTime
}

/** @throws Error when the lab has no such daemon, naming those it has */
export function daemon(lab: Lab, name: string): Daemon {
  try {
    return JSON.parse(readFileSync(daemonFile(lab, name), 'utf8')) as Daemon
  } catch {
    throw new Error(`the lab has no component "${name}"; it has: ${daemonNames(lab).join(', ')}`)
  }
}

export function daemonNames(lab: Lab): string[] {
  try {
    return readdirSync(join(lab.folder, 'daemons'))
      .map(file => file.replace(/\.json$/, ''))
      .sort()
  } catch {
    return []
  }
}

/** Sends a signal; does nothing when the daemon is not running. */
export function signalDaemon(lab: Lab, name: string, signal: NodeJS.Signals): void {
  const found = daemon(lab, name)
  if (isRunning(found)) process.kill(found.pid, signal)
}

/** Ends a daemon and waits until it is gone. */
export async function stopDaemon(lab: Lab, name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const found = daemon(lab, name)
  signalDaemon(lab, name, signal)
  for (let waitedMs = 0; isRunning(found); waitedMs += 20) {
    if (waitedMs > 20_000) throw new Error(`${name} (process ${found.pid}) did not end within 20 s of ${signal}`)
    await sleep(20)
  }
}

function daemonFile(lab: Lab, name: string): string {
  return join(lab.folder, 'daemons', `${name}.json`)
}
