import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestLab } from './lab.ts'

/**
 * Holds a node's cable, so that pulling it costs no time: to start a program would take longer than what is measured
 * afterwards may vary.
 * @returns what pulls it out of the switch and tells when, in ms since 1970; to be called once
 */
export async function aimAtCable(lab: TestLab, node: string, card: string): Promise<() => number> {
  const port = `${node}-${card}`
  const ip = spawn('ip', ['-n', lab.lab.topology.switchNamespace, '-batch', '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
  ip.stdin.write(`link show ${port}\n`)
  const ended = once(ip, 'exit')
  await Promise.race([
    once(ip.stdout, 'data'),
    ended.then(([code]) => {
      throw new Error(`ip ended with exit code ${code} before the cable of ${port} was pulled`)
    }),
  ])
  return () => {
    const atMs = Date.now()
    ip.stdin.end(`link set ${port} down\n`)
    return atMs
  }
}
