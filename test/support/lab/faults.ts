import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiServerAddress } from '../../../lab/topology.ts'
import type { TestLab } from './lab.ts'

/** Where speakers listen for each other. */
export const livenessPort = 7946

const table = 'herald-fault'

/** Makes a node drop packets, until healed. The rules are the test's own, in the node's namespace. */
async function drop(lab: TestLab, node: string, rules: readonly string[]): Promise<void> {
  const script = [
    `table inet ${table} {`,
    '  chain in { type filter hook input priority -300; }',
    '  chain out { type filter hook output priority 300; }',
    '}',
    ...rules.map(rule => `add rule inet ${table} ${rule} drop`),
  ]
  await lab.runOn(node, ['nft', script.join('\n')])
}

/** Ends every drop of packets on these nodes. */
export async function heal(lab: TestLab, nodes: readonly string[]): Promise<void> {
  await Promise.all(nodes.map(node => lab.runOn(node, ['nft', `add table inet ${table}; delete table inet ${table}`])))
}

/** Cuts a node from the API server alone; its other traffic goes on. */
export async function cutFromApiServer(lab: TestLab, node: string): Promise<void> {
  await drop(lab, node, [`in ip saddr ${apiServerAddress}`, `out ip daddr ${apiServerAddress}`])
}

/** Liveness packets that `from` sends no longer reach `to`. */
export async function loseLiveness(lab: TestLab, { from, to }: { from: string; to: string }): Promise<void> {
  const sender = lab.lab.topology.nodes.find(({ name }) => name === from)
  if (sender === undefined) throw new Error(`the lab has no node ${from}`)
  const addresses = sender.interfaces.flatMap(each => each.addresses.map(address => address.split('/')[0]!))
  const rules = addresses.map(address => {
    const family = address.includes(':') ? 'ip6' : 'ip'
    return `in ${family} saddr ${address} udp dport ${livenessPort}`
  })
  await drop(lab, to, rules)
}

/** Finds a speaker's process before the clock matters. @returns what sends it a signal and tells when, in ms since 1970 */
export function aimAtSpeaker(lab: TestLab, node: string): (signal: NodeJS.Signals) => number {
  const [pid, ...others] = lab.heraldProcesses('speaker', node)
  if (pid === undefined || others.length > 0)
    throw new Error(`${node} has not one speaker but ${others.length + (pid ? 1 : 0)}`)
  return signal => {
    const atMs = Date.now()
    process.kill(pid, signal)
    return atMs
  }
}

/**
 * Waits until every node has a speaker that is ready and has been since at least `forMs`. A speaker that was killed is started again
 * at once the first time, and later the next time: deleting its Pod instead starts one without a history.
 */
export async function speakersReady(lab: TestLab, options: { timeoutMs?: number } = {}): Promise<void> {
  const deadline = Date.now() + (options.timeoutMs ?? 60_000)
  for (;;) {
    const pods = await lab.list<Pod>('pods', {
      namespace: 'herald-system',
      selector: 'app.kubernetes.io/component=speaker',
    })
    const waiting = lab.lab.topology.nodes.filter(
      ({ name }) => !pods.some(pod => pod.spec.nodeName === name && isReady(pod)),
    )
    if (waiting.length === 0 && pods.length === lab.lab.topology.nodes.length) return
    if (Date.now() > deadline) throw new Error(`no speaker is ready on ${waiting.map(({ name }) => name).join(', ')}`)
    await sleep(100)
  }
}

/** Gives a node's speaker a new Pod, so that kubelet holds no crashes against it. */
export async function renewSpeaker(lab: TestLab, node: string): Promise<void> {
  const pod = (await lab.heraldPods('speaker')).find(each => each.node === node)
  if (pod !== undefined)
    await lab.kubectl(['delete', 'pod', pod.name, '--namespace=herald-system', '--force', '--grace-period=0'])
}

interface Pod {
  metadata: { deletionTimestamp?: string }
  spec: { nodeName: string }
  status: { conditions?: { type: string; status: string }[] }
}

function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  return (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')
}

/** Share of all processors' time that is in use, so that a figure can be read with what else ran. */
export function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0]!
}
