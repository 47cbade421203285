import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inNamespace } from '../../../lab/network.ts'
import { cacheDir } from '../../../lab/paths.ts'
import { run } from '../../../lab/process.ts'
import type { TestLab } from '../../support/lab/lab.ts'

/** How a cable treats frames, the same in both directions. */
export interface CableTrouble {
  /** share of the frames that are lost, 0 to 1 */
  loss?: number
  delayMs?: number
  /** up to so much more, anew for each frame */
  jitterMs?: number
  /** share that comes twice */
  doubled?: number
  /** share that is overtaken by those behind it */
  reordered?: number
}

/**
 * Puts a bad cable between a node's card on segment A and the switch: a process that passes frames from one interface to another. Kernels without netem
 * need it; where there is netem it does the same. The sniffer on the switch hears what the cable lets through.
 *
 * @returns what puts the good cable back
 */
export async function insertBadCable(
  lab: TestLab,
  node: string,
  trouble: CableTrouble,
  seed: number,
): Promise<() => Promise<void>> {
  const { switchNamespace } = lab.lab.topology
  const [port, near, far] = [`${node}-eth0`, `bad-${node}`, badPort(node)]
  const ip = async (...commands: string[]) =>
    await run([...inNamespace(switchNamespace), 'ip', '-batch', '-'], { input: `${commands.join('\n')}\n` })
  await ip(`link add ${near} type veth peer name ${far}`, `link set ${near} up`)
  const cable = await startBadCable(switchNamespace, [port, near], trouble, seed)
  await ip(`link set ${port} nomaster`, `link set ${far} master segment-a up`)
  return async () => {
    await ip(`link del ${near}`, `link set ${port} master segment-a`)
    await cable.stop()
  }
}

/** Runs a bad cable between two interfaces of one namespace. */
export async function startBadCable(
  namespace: string,
  ends: readonly [string, string],
  { loss, delayMs, jitterMs, doubled, reordered }: CableTrouble,
  seed: number,
): Promise<{ stop(): Promise<void> }> {
  const share = (value = 0) => String(Math.round(value * 1e6))
  const microseconds = (ms = 0) => String(Math.round(ms * 1e3))
  const numbers = [share(loss), microseconds(delayMs), microseconds(jitterMs), share(doubled), share(reordered)]
  const command = [...inNamespace(namespace).slice(1), buildBadCable(), ...ends, ...numbers, String(seed)]
  const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), closed])
  if (line !== 'ready') throw new Error('the bad cable does not work')
  return {
    async stop() {
      child.kill('SIGTERM')
      await closed
    },
  }
}

/** The port of the switch for a node whose cable is bad; an interface's name has 15 characters at most. */
export const badPort = (node: string) => `bad-${node}-sw`

/** Compiled at the first use; kept beside the lab's other binaries under a name that tells what it was made from. */
function buildBadCable(): string {
  const source = fileURLToPath(new URL('bad-cable.c', import.meta.url))
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const output = join(cacheDir(), `bad-cable-${hash}`, 'bad-cable')
  if (existsSync(output)) return output
  mkdirSync(dirname(output), { recursive: true })
  const partial = `${output}.${process.pid}`
  execFileSync('cc', ['-O2', '-o', partial, source])
  renameSync(partial, output)
  return output
}
