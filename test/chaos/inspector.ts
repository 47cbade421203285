import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '../../lab/process.ts'

/**
 * Evaluates an expression in the main thread of a Node.js process that was not told of it: SIGUSR1 opens its inspector on the loopback interface of its own
 * network namespace. The inspector is closed again.
 */
export async function evaluateIn(pid: number, expression: string): Promise<unknown> {
  process.kill(pid, 'SIGUSR1')
  const program = fileURLToPath(new URL('inspector-program.ts', import.meta.url))
  const command = ['nsenter', `--net=/proc/${pid}/ns/net`, '--', process.execPath, program, expression]
  const { stdout } = await run(command, { timeoutMs: 20_000 })
  return JSON.parse(stdout)
}

/** Timers and other things that a process waits for, by kind, as Node.js counts them. */
export async function activeResources(pid: number): Promise<Record<string, number>> {
  const list = 'process.getActiveResourcesInfo()'
  const counted = `${list}.reduce((sum, kind) => ({ ...sum, [kind]: (sum[kind] ?? 0) + 1 }), {})`
  return (await evaluateIn(pid, counted)) as Record<string, number>
}

/** Whether a process of this number still runs. */
export function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').length > 0
  } catch {
    return false
  }
}
