import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { NetworkNamespace } from './netns.ts'

const alive = new Set<ChildProcess>()

// a test run that is interrupted, or whose hook throws, leaves nothing behind
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts a program in a namespace that ends at the latest when this process does. */
export function spawnDaemon(
  namespace: NetworkNamespace,
  command: string,
  args: readonly string[],
  options: SpawnOptions = { stdio: 'ignore' },
): ChildProcess {
  const child = namespace.spawn(command, args, options)
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  return child
}
