import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { stateDir } from './paths.ts'
import { processStartTime } from './process.ts'

/**
 * Keeps two commands from changing one lab at the same time. A lock whose process is gone does not count.
 * @returns what gives the lock back
 * @throws Error that names the process that holds it
 */
export function lockLab(labName: string): () => void {
  // Beside the folder, which comes and goes.
  const file = `${stateDir(labName)}.lock`
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const descriptor = openSync(file, 'wx')
      writeSync(descriptor, JSON.stringify({ pid: process.pid, startTime: processStartTime(process.pid) }))
      closeSync(descriptor)
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = readHolder(file)
    if (holder !== undefined && processStartTime(holder.pid) === holder.startTime) {
      throw new Error(`another lab command (process ${holder.pid}) is at work; wait for it or end it`)
    }
    rmSync(file, { force: true })
  }
  throw new Error(`cannot lock ${file}`)
}

function readHolder(file: string): { pid: number; startTime: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { pid: number; startTime: string }
  } catch {
    return undefined // just being written or already gone; a broken one counts as gone
  }
}
