import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace } from '../../../lab/network.ts'
import { isFullRun } from '../../support/lab/failover.ts'
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

  for (const { family, version, kind, find } of families) {
    it(`are answered, sent to it alone, by ${family}`, async () => {
      const address = addresses.find(find)!
      const setting = (name: string) => `net.${family}.neigh.eth0.${name}`
      // In a full run, two minutes with the kernel's own times (30 s, 5 s); else times so short that it asks every 2 s.
      const settings = {
        base_reachable_time_ms: isFullRun() ? 30_000 : 1_000,
        delay_first_probe_time: isFullRun() ? 5 : 1,
      }
      const set = (values: Record<string, number>) =>
        lab.runOn('client', [
          'sysctl',
          '-q',
          '-w',
          ...Object.entries(values).map(([name, value]) => `${setting(name)}=${value}`),
        ])
      await set(settings)
      const segment = await WatchedSegment.watch(lab, [address], { askEveryMs: 0 })
      // A datagram of UDP confirms nothing by itself, as TCP's acknowledgements do: the kernel has to ask.
      const program = `const s = require('node:dgram').createSocket('${kind}'); setInterval(() => s.send('x', 9, '${address}'), 50)`
      const [enter = '', ...rest] = inNamespace(lab.client.namespace)
      try {
        await lab.client.flushNeighbors()
        const states = new Set<string>()
        const macs = new Set<string>()
        const untilMs = Date.now() + (isFullRun() ? 120_000 : 8_000)
        const sender = spawn(enter, [...rest, process.execPath, '-e', program], { stdio: 'ignore' })
        const ended = once(sender, 'exit')
        try {
          while (Date.now() < untilMs) {
            await sleep(200)
            const { stdout } = await lab.runOn('client', ['ip', version, '-json', 'neighbor', 'show', 'to', address])
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
        const client = clientOf(lab).mac
        const answers = segment.sniffer.claims(address).filter(({ kind: what }) => what === 'answer')
        const asks = segment.sniffer.asks(address).filter(({ mac }) => mac === client)
        const unicast = asks.filter(({ toAll }) => !toAll)
        console.log(
          `      ${asks.length} questions, ${unicast.length} of them to the neighbour alone, ${answers.length} answers; states: ${[...states].join(', ')}`,
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
        await set({ base_reachable_time_ms: 30_000, delay_first_probe_time: 5 })
        await segment.stop()
      }
    })
  }
})
