import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ETHERTYPE_ARP } from '../../../src/arp/packet.ts'
import { arpQuestion } from '../../../src/arp/probe.ts'
import type { Takeover } from '../../../src/bin/speaker/link/link-messages.ts'
import { LinkWorker } from '../../../src/bin/speaker/link/link-worker.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import { openPacketSocket, type SystemPacketSocket } from '../../../src/io/packet-socket.ts'
import { ETHERTYPE_IPV6 } from '../../../src/ndp/layout.ts'
import { decodeNdpFrame, encodeNdpFrame } from '../../../src/ndp/packet.ts'
import { questionFrame } from '../../../src/ndp/probe.ts'
import { macAt } from '../../../src/wire/in-place.ts'
import type { MacAddress } from '../../../src/wire/mac-address.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { address } from '../../support/addresses.ts'
import { until } from '../../support/io/until.ts'
import { ipv6 } from '../../support/neighbors.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { Reported, type WholeReport } from '../../support/reported.ts'

const v4 = '192.0.2.1'
const v6 = '2001:db8::1'
const secret = new TextEncoder().encode('the liveness key of the tests')

interface Answer {
  readonly atMs: number
  readonly mac: MacAddress
}

/** A client that asks for both addresses, and notes who answers. */
class Client {
  readonly v4: Answer[] = []
  readonly v6: Answer[] = []
  readonly mac: MacAddress
  readonly #sockets: readonly SystemPacketSocket[]

  constructor(namespace: NetworkNamespace) {
    this.mac = new Reader(namespace.mac('eth0')).uint48()
    const open = (etherType: number, answers: Answer[], isAnswer: (frame: Uint8Array) => boolean) =>
      openPacketSocket({
        interfaceIndex: namespace.interfaceIndex('eth0'),
        etherType,
        onBatch: batch => {
          for (let i = 0; i < batch.count; i++) {
            const frame = batch.frame(i)
            if (macAt(frame, 0) !== this.mac || !isAnswer(frame)) continue
            answers.push({ atMs: performance.now(), mac: macAt(frame, 6) })
          }
        },
        onError: () => {},
      })
    this.#sockets = namespace.enter(() => [
      open(ETHERTYPE_ARP, this.v4, frame => frame[21] === 2 && frame[31] === 1),
      open(ETHERTYPE_IPV6, this.v6, frame => {
        const decoded = decodeNdpFrame(frame)
        if (!('frame' in decoded)) return false
        const { message } = decoded.frame
        return message.type === 'advertisement' && message.target === ipv6(v6)
      }),
    ])
  }

  ask(): void {
    this.#sockets[0]!.send([arpQuestion(this.mac, Number(address('192.0.2.200').value), Number(address(v4).value))])
    this.#sockets[1]!.send([questionFrame(this.mac, ipv6('fe80::c8'), ipv6(v6))])
  }

  /** Asks one alone whether it is still there, as RFC 4861 §7.3.3 has it. */
  probe(mac: MacAddress): void {
    const frame = encodeNdpFrame({
      destination: mac,
      source: this.mac,
      sourceAddress: ipv6('2001:db8::c8'),
      destinationAddress: ipv6(v6),
      message: { type: 'solicitation', target: ipv6(v6) },
    })
    this.#sockets[1]!.send([frame])
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }
}

describe('link threads of two nodes, on a bridge', function () {
  // A thread that the machine leaves without a processor for 300 ms falls silent, as it should: then these prove nothing.
  this.retries(3)
  let namespaces: NetworkNamespace[]
  let workers: LinkWorker[]
  let client: Client
  let macs: MacAddress[]
  let reports: (WholeReport | undefined)[]
  let takeovers: (Takeover & { readonly node: string; readonly atMs: number })[]
  let problems: string[]
  let revision = 0
  let asking: NodeJS.Timeout

  before(function () {
    if (canMakeNamespaces()) return
    console.log('      skipped: network namespaces need root')
    this.skip()
  })

  beforeEach(async () => {
    const bridge = new NetworkNamespace('switch')
    bridge.ip('link add br0 type bridge')
    bridge.ip('link set br0 up')
    namespaces = ['a', 'b', 'client'].map(name => {
      const namespace = new NetworkNamespace(name)
      connectByVeth({ namespace, interfaceName: 'eth0' }, { namespace: bridge, interfaceName: `to-${name}` })
      bridge.ip(`link set to-${name} master br0`)
      return namespace
    })
    const nodes = namespaces.slice(0, 2)
    for (const [index, namespace] of nodes.entries()) namespace.ip(`address add 192.0.2.${101 + index}/24 dev eth0`)
    macs = nodes.map(namespace => new Reader(namespace.mac('eth0')).uint48())
    reports = []
    const reported = [new Reported(), new Reported()]
    takeovers = []
    problems = []
    workers = nodes.map((_, index) => {
      const node = `node-${'ab'[index]}`
      return new LinkWorker(
        { clock: new SystemClock() },
        {
          url: new URL('../../../src/bin/link-thread.ts', import.meta.url),
          node,
          excludedInterfaces: ['^lo$'],
          liveness: { port: 7946, intervalMs: 100, multiplier: 3 },
          timings: {},
          onReport: report => {
            reports[index] = reported[index]!.add(report)
          },
          onTakeovers: list => takeovers.push(...list.map(each => ({ ...each, node, atMs: performance.now() }))),
          onStall: gapMs => problems.push(`${node} stalled for ${gapMs} ms`),
          onProblem: ({ message }) => problems.push(`${node}: ${message}`),
          onDied: error => problems.push(`${node} died: ${error.message}`),
        },
      )
    })
    for (const [index, worker] of workers.entries()) await nodes[index]!.enter(() => worker.start())
    client = new Client(namespaces[2]!)
    const speakers = macs.map((mac, index) => ({
      node: `node-${'ab'[index]}`,
      macs: [mac],
      addresses: [address(`192.0.2.${101 + index}`)],
      expired: false,
    }))
    for (const worker of workers) {
      worker.setSpeakers(speakers)
      worker.setSecret(secret)
    }
    namespaces.push(bridge)
    // link-local addresses are there, so that the NDP ports are open
    await until('both interfaces with a link-local address', () =>
      [0, 1].every(index => reports[index]?.interfaces[0]?.addresses.some(each => each.startsWith('fe80'))),
    )
    desire('ab')
    await until('ownership of the first', () => owns(0))
    await until('liveness', () => reports[1]?.sessions[0]?.state === 'Up')
    asking = setInterval(() => client.ask(), 10)
  })

  afterEach(async () => {
    clearInterval(asking)
    await Promise.all(workers.map(worker => worker.stop()))
    client.close()
    for (const namespace of namespaces) namespace.remove()
  })

  const desire = (order: string) => {
    const nodes = [...order].map(letter => `node-${letter}`)
    const desired = new Map(
      [v4, v6].map(key => [key, { address: address(key), interfaces: 'all' as const, order: nodes }]),
    )
    revision++
    for (const worker of workers) worker.setDesired(desired, revision)
  }
  const owns = (index: number) => reports[index]?.announcements.length === 2
  /** Who answers from now on: in the order in which they began, each once for each time that it alone answered. */
  const turns = (answers: readonly Answer[]) =>
    answers
      .map(({ mac }) => 'ab'[macs.indexOf(mac)] ?? '?')
      .join('')
      .replaceAll(/(.)\1+/g, '$1')
  const forget = () => {
    client.v4.length = 0
    client.v6.length = 0
  }

  it('the first answers by ARP and neighbour discovery, by multicast and to the probe of one that knows it', async () => {
    await until('answers', () => client.v4.length > 2 && client.v6.length > 2)
    clearInterval(asking)
    await sleep(50)
    assert.deepEqual([turns(client.v4), turns(client.v6)], ['a', 'a'])
    forget()
    client.probe(macs[0]!)
    await until('the answer to a probe', () => client.v6.length === 1)
    client.probe(macs[1]!)
    await sleep(50)
    assert.equal(client.v6.length, 1, 'the other node says nothing')
    assert.deepEqual(problems, [])
  })

  it('the second takes over when the first ends without a word', async () => {
    await until('answers', () => client.v4.length > 2 && client.v6.length > 2)
    forget()
    const endedMs = performance.now()
    await workers[0]!.stop()
    await until('takeover', () => owns(1))
    await until('answers of the second', () => client.v4.at(-1)?.mac === macs[1] && client.v6.at(-1)?.mac === macs[1])
    assert.match(turns(client.v4), /^a?b$/)
    assert.match(turns(client.v6), /^a?b$/)
    const own = takeovers.filter(({ node }) => node === 'node-b')
    assert.deepEqual(
      own.map(({ cause, address: key }) => `${cause} ${key}`).sort(),
      [v4, v6].map(key => `failure ${key}`),
    )
    // 300 ms without a packet and 100 ms of asking are 450 ms at most; this machine may be slow, and its bound is kept in the lab
    for (const { atMs, afterMs } of own) {
      assert.ok(afterMs! >= 390 && atMs - endedMs < 1_000, `${afterMs} ms after its last sign, ${atMs - endedMs} ms`)
    }
    assert.equal(reports[1]?.sessions[0]?.state, 'Down')
    assert.deepEqual(problems, [])
  })

  it('hand over by a changed order, and back: at no time do both answer', async () => {
    for (const [order, from, to] of [
      ['ba', 0, 1],
      ['ab', 1, 0],
    ] as const) {
      forget()
      desire(order)
      await until(`node ${to} owns`, () => owns(to) && reports[from]?.announcements.length === 0)
      await until('its answers', () => client.v4.at(-1)?.mac === macs[to] && client.v6.at(-1)?.mac === macs[to])
      await sleep(100)
      const turn = new RegExp(`^${'ab'[from]}?${'ab'[to]}$`)
      assert.match(turns(client.v4), turn)
      assert.match(turns(client.v6), turn)
    }
    assert.deepEqual(
      takeovers.filter(({ cause }) => cause === 'failure'),
      [],
    )
    assert.deepEqual(problems, [])
  })

  it('one that leaves is followed at once, and knows when', async () => {
    forget()
    await workers[0]!.leave()
    await until('takeover', () => owns(1))
    assert.equal(reports[0]?.announcements.length, 0)
    await until('its answers', () => client.v4.at(-1)?.mac === macs[1] && client.v6.at(-1)?.mac === macs[1])
    assert.match(turns(client.v4), /^a?b$/)
    assert.equal(reports[1]?.sessions[0]?.state, 'AdminDown')
    assert.deepEqual(problems, [])
  })
})
