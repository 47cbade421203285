import assert from 'node:assert/strict'
import { Liveness, type LivenessAction, type LivenessInit } from '../../../src/bfd/liveness.ts'
import { type Address, parseAddress } from '../../../src/ip/address.ts'
import { FakeNetwork, type NetworkEnd, seededRandom } from '../../support/bfd/network.ts'

const secret = new TextEncoder().encode('a secret of some length, longer than a key')

/** A speaker's liveness on the fake network. */
class Speaker implements NetworkEnd {
  readonly name: string
  readonly address: Address
  liveness: Liveness
  /** neither sends nor receives nor keeps time */
  dead = false
  readonly heard: string[] = []

  constructor(name: string, address: string, init: Partial<LivenessInit> = {}) {
    this.name = name
    this.address = parseAddress(address)!
    this.liveness = new Liveness({ random: seededRandom(Number(this.address.value)) }, { node: name, ...init })
  }

  get dueMs(): number | undefined {
    return this.dead ? undefined : this.liveness.dueMs
  }

  receive(payload: Uint8Array, source: Address, nowMs: number): readonly LivenessAction[] {
    return this.dead ? [] : this.liveness.receive(payload, { source, ttl: 64 }, nowMs)
  }

  timer(nowMs: number): readonly LivenessAction[] {
    return this.liveness.timer(nowMs)
  }
}

interface World {
  network: FakeNetwork
  a: Speaker
  b: Speaker
  c: Speaker
  /** directions that lose everything, as `a>b` */
  cut: Set<string>
  log: string[]
}

function world(init: Partial<LivenessInit> = {}): World {
  const [a, b, c] = [
    new Speaker('a', '192.0.2.1', init),
    new Speaker('b', '192.0.2.2', init),
    new Speaker('c', '192.0.2.3', init),
  ]
  const cut = new Set<string>()
  const log: string[] = []
  const network = new FakeNetwork({
    ends: [a, b, c],
    loses: (from, to) => cut.has(`${(from as Speaker).name}>${(to as Speaker).name}`),
    onAction: (end, action, nowMs) => {
      const { liveness } = action as Extract<LivenessAction, { type: 'liveness' }>
      const goodbye = liveness.saidGoodbye ? ' said goodbye' : ''
      log.push(`${Math.round(nowMs)} ${(end as Speaker).name}: ${liveness.node} ${liveness.status}${goodbye}`)
    },
  })
  for (const speaker of [a, b, c]) start({ network, a, b, c, cut, log }, speaker)
  return { network, a, b, c, cut, log }
}

function start({ network, a, b, c }: World, speaker: Speaker): void {
  const speakers = new Map([a, b, c].map(({ name, address }) => [name, [address]]))
  network.take(speaker, speaker.liveness.setSecret(secret, network.nowMs))
  network.take(speaker, speaker.liveness.setSpeakers(speakers, network.nowMs))
}

function watch({ network }: World, speaker: Speaker, ...nodes: string[]): void {
  network.take(speaker, speaker.liveness.setWatched(new Set(nodes), network.nowMs))
}

describe('Liveness', () => {
  it('is up within a few milliseconds of being asked', () => {
    const w = world()
    watch(w, w.a, 'b')
    assert.equal(w.a.liveness.of('b'), 'unknown')
    w.network.run(5)
    assert.deepEqual(w.log, ['0 a: b up'])
    assert.equal(w.b.liveness.of('a'), 'unknown', 'who is watched does not watch')
  })

  it('notices a death within the detection time, and says when the node was last heard', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(1000)
    const lastHeardMs = w.a.liveness.detailsOf('b')!.lastHeardMs!
    w.b.dead = true
    w.network.run(2000)
    const details = w.a.liveness.detailsOf('b')!
    assert.equal(details.status, 'down')
    assert.equal(details.saidGoodbye, false)
    assert.equal(details.lastHeardMs, lastHeardMs)
    assert.ok(details.sinceMs - lastHeardMs > 299 && details.sinceMs - lastHeardMs < 301, `${details.sinceMs}`)
  })

  it('calls a node down that never answers, after the settling time', () => {
    const w = world()
    w.b.dead = true
    watch(w, w.a, 'b', 'stranger')
    w.network.run(499)
    assert.deepEqual([w.a.liveness.of('b'), w.a.liveness.of('stranger')], ['unknown', 'unknown'])
    w.network.run(501)
    assert.deepEqual(w.log, ['500 a: b down', '500 a: stranger down'])
  })

  it('lets a node come back', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(1000)
    w.b.dead = true
    w.network.run(3000)
    w.b.liveness = new Liveness({ random: seededRandom(99) }, { node: 'b' })
    w.b.dead = false
    start(w, w.b)
    w.network.run(3200)
    assert.equal(w.a.liveness.of('b'), 'up')
  })

  it('hears a goodbye at once', () => {
    const w = world()
    watch(w, w.a, 'b')
    watch(w, w.b, 'a')
    w.network.run(1000)
    w.log.length = 0
    w.network.take(w.b, w.b.liveness.stop(w.network.nowMs))
    w.network.run(1005)
    assert.deepEqual(w.log, ['1000 a: b down said goodbye'])
  })

  it('lets neither of two that watch each other look dead when one stops watching', () => {
    const w = world()
    watch(w, w.a, 'b')
    watch(w, w.b, 'a')
    w.network.run(1000)
    w.log.length = 0
    watch(w, w.a)
    w.network.run(5000)
    assert.deepEqual(w.log, [])
    assert.equal(w.b.liveness.of('a'), 'up')
    assert.deepEqual(
      [...w.a.liveness.sessions()].map(({ peer }) => peer),
      ['guest/b'],
    )
  })

  it('watches again at once what it had ceased to watch a moment ago', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(1000)
    watch(w, w.a)
    w.network.run(1050)
    watch(w, w.a, 'b')
    w.network.run(1055)
    assert.equal(w.a.liveness.of('b'), 'up')
  })

  it('forgets a watcher that has gone, after a while', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(1000)
    watch(w, w.a)
    w.network.run(40_000)
    assert.deepEqual([...w.b.liveness.sessions()], [])
    assert.deepEqual([...w.a.liveness.sessions()], [])
    assert.equal(w.a.liveness.dueMs, undefined)
  })

  for (const [direction, what] of [
    ['a>b', 'does not hear us'],
    ['b>a', 'is not heard'],
  ] as const) {
    it(`calls a node down that ${what}`, () => {
      const w = world()
      watch(w, w.a, 'b')
      w.network.run(1000)
      w.log.length = 0
      w.cut.add(direction)
      w.network.run(1401)
      assert.equal(w.log.length, 1)
      assert.match(w.log[0]!, /a: b down$/)
      w.cut.clear()
      w.network.run(2400)
      assert.equal(w.a.liveness.of('b'), 'up')
    })
  }

  it('goes on waiting for a node that is heard though its session is slow to come up, but not for ever', () => {
    const w = world()
    // b hears nothing of a, and says so.
    w.cut.add('a>b')
    watch(w, w.b, 'a')
    watch(w, w.a, 'b')
    w.log.length = 0
    w.network.run(1900)
    assert.equal(w.a.liveness.of('b'), 'unknown')
    w.network.run(2100)
    assert.deepEqual(w.a.liveness.of('b'), 'down')
  })

  it('has no session without the secret, and all with it', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(10)
    w.log.length = 0
    w.network.take(w.a, w.a.liveness.setSecret(undefined, 10))
    w.network.run(600)
    assert.deepEqual(w.log, ['10 a: b unknown', '510 a: b down'])
    w.network.take(w.a, w.a.liveness.setSecret(secret, 600))
    w.network.run(2000)
    assert.equal(w.a.liveness.of('b'), 'up')
  })

  it('starts again with another secret, and is up when all have it', () => {
    const w = world()
    watch(w, w.a, 'b')
    w.network.run(1000)
    w.log.length = 0
    const other = new Uint8Array(32).fill(7)
    w.network.take(w.a, w.a.liveness.setSecret(other, 1000))
    w.network.run(2000)
    assert.deepEqual(w.log, ['1000 a: b unknown', '1500 a: b down'])
    assert.ok(w.b.liveness.dropped.wrongDigest! > 0)
    w.network.take(w.b, w.b.liveness.setSecret(other, 2000))
    w.network.run(2800)
    assert.deepEqual(w.log.length, 3)
    assert.match(w.log[2]!, /a: b up/)
    assert.deepEqual(w.a.liveness.setSecret(Uint8Array.from(other), 2800), [], 'the same secret changes nothing')
  })

  it('does not answer whom it does not know', () => {
    const w = world()
    w.network.take(w.b, w.b.liveness.setSpeakers(new Map([['c', [w.c.address]]]), 0))
    watch(w, w.a, 'b')
    w.network.run(1000)
    assert.equal(w.a.liveness.of('b'), 'down')
    assert.ok(w.b.liveness.dropped.unknownSource! > 5)
    assert.deepEqual([...w.b.liveness.sessions()], [])
  })

  it('watches no more than the cap, always the same ones, and calls the rest down', () => {
    const names = Array.from({ length: 10 }, (_, i) => `node-${i}`)
    const speakers = new Map(names.map((name, i) => [name, [parseAddress(`192.0.2.${i + 10}`)!]]))
    const choose = (order: readonly string[]) => {
      const liveness = new Liveness({ random: seededRandom(1) }, { node: 'a', maxWatched: 4 })
      liveness.setSecret(secret, 0)
      liveness.setSpeakers(speakers, 0)
      liveness.setWatched(new Set(order), 0)
      const watched = [...liveness.sessions()].map(({ peer }) => peer).sort()
      liveness.timer(500)
      assert.deepEqual(
        order.map(node => liveness.of(node)),
        order.map(() => 'down'),
      )
      return watched
    }
    const chosen = choose(names)
    assert.equal(chosen.length, 4)
    assert.deepEqual(choose(names.toReversed()), chosen)
  })

  it('finds a node by its second address when the first does not answer', () => {
    const w = world()
    const speakers = new Map([
      ['a', [w.a.address]],
      ['b', [parseAddress('198.51.100.2')!, w.b.address]],
    ])
    w.network.take(w.a, w.a.liveness.setSpeakers(speakers, 0))
    watch(w, w.a, 'b')
    w.network.run(120)
    assert.equal(w.a.liveness.of('b'), 'up')
  })
})
