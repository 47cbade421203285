import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace } from '../../../lab/network.ts'
import { isFullRun } from '../../support/lab/full-run.ts'
import type { TestLab } from '../../support/lab/lab.ts'
import { layer2Lab } from '../../support/lab/layer2-lab.ts'
import { clientOf, WatchedSegment } from '../../support/lab/segment.ts'

const families = [
  { family: 'ipv4', version: '-4', kind: 'udp4', find: (address: string) => !address.includes(':') },
  { family: 'ipv6', version: '-6', kind: 'udp6', find: (address: string) => address.includes(':') },
] as const

describe("layer 2: a client's questions whether its neighbour is still there", function () {
  this.timeout(isFullRun() ? 300_000 : 60_000)
  let lab: TestLab
  let addresses: readonly string[]

  before(async function () {
    this.timeout(3_600_000)
    const made = await layer2Lab()
    lab = made.lab
    addresses = made.addresses
  })

  it('are answered, sent to it alone, by ARP and by neighbour discovery', async () => {
    await Promise.all(families.map(observe))
  })

  /** Sends datagrams to one address, and looks on while the client's kernel makes sure of its neighbour. */
  async function observe({ family, version, kind, find }: (typeof families)[number]): Promise<void> {
    const address = addresses.find(find)!
    // In a full run, two minutes with the kernel's own times (30 s, 5 s); else times so short that it asks every 2 s.
    await setTimes(family, isFullRun() ? [30_000, 5] : [1_000, 1])
    const segment = await WatchedSegment.watch(lab, [address], { askEveryMs: 0 })
    try {
      const { states, macs } = await neighborStates(version, kind, address, isFullRun() ? 120_000 : 8_000)
      const client = clientOf(lab).mac
      const answers = segment.sniffer.claims(address).filter(({ kind: what }) => what === 'answer')
      const asks = segment.sniffer.asks(address).filter(({ mac }) => mac === client)
      const unicast = asks.filter(({ toAll }) => !toAll)
      console.log(
        `      ${family}: ${asks.length} questions, ${unicast.length} to the neighbour alone, ${answers.length} answers; states: ${[...states].join(', ')}`,
      )
      assert.ok(unicast.length >= 2, 'the client asked its neighbour')
      for (const { timeMs } of asks)
        assert.ok(
          answers.some(answer => answer.timeMs >= timeMs && answer.timeMs < timeMs + 100),
          'every question is answered within 100 ms',
        )
      assert.ok(states.has('REACHABLE'))
      for (const state of ['FAILED', 'INCOMPLETE', 'NONE']) assert.ok(!states.has(state), `never ${state}`)
      assert.equal(macs.size, 1, 'one MAC all the time')
    } finally {
      await setTimes(family, [30_000, 5])
      await segment.stop()
    }
  }

  /** All states that the client's entry was in while it sent a datagram every 50 ms. */
  async function neighborStates(version: string, kind: string, address: string, forMs: number) {
    const states = new Set<string>()
    const macs = new Set<string>()
    const neighbor = (command: string) =>
      lab.runOn('client', ['ip', version, '-json', 'neighbor', command, 'to', address])
    await neighbor('flush')
    // A datagram of UDP confirms nothing by itself, as TCP's acknowledgements do: the kernel has to ask.
    const program = `const s = require('node:dgram').createSocket('${kind}'); setInterval(() => s.send('x', 9, '${address}'), 50)`
    const [enter = '', ...rest] = inNamespace(lab.client.namespace)
    const sender = spawn(enter, [...rest, process.execPath, '-e', program], { stdio: 'ignore' })
    const ended = once(sender, 'exit')
    try {
      const untilMs = Date.now() + forMs
      while (Date.now() < untilMs) {
        await sleep(200)
        const { stdout } = await neighbor('show')
        for (const { state, lladdr } of JSON.parse(stdout) as { state: string[]; lladdr?: string }[]) {
          for (const each of state) states.add(each)
          if (lladdr !== undefined) macs.add(lladdr)
        }
      }
    } finally {
      sender.kill()
      await ended
    }
    await sleep(100)
    return { states, macs }
  }

  /** How long an entry counts as reachable after a sign of life, and how long a datagram waits before the kernel asks. */
  async function setTimes(family: string, [reachableMs, delaySeconds]: [number, number]): Promise<void> {
    const settings = { base_reachable_time_ms: reachableMs, delay_first_probe_time: delaySeconds }
    const words = Object.entries(settings).map(([name, value]) => `net.${family}.neigh.eth0.${name}=${value}`)
    await lab.runOn('client', ['sysctl', '-q', '-w', ...words])
  }
})
