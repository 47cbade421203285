import assert from 'node:assert/strict'
import { encodeIcmpv6Frame } from '../../../src/ndp/icmpv6-frame.ts'
import { encodeRouterAdvertisement, encodeRouterSolicitation } from '../../../src/ndp/router-advertisement.ts'
import { RouterExchange } from '../../../src/ndp/router-advertisement-exchange.ts'
import { ipv6, ownLinkLocal, ownMac } from '../../support/neighbors.ts'

const advertisement = encodeRouterAdvertisement(ownMac, ownLinkLocal)
const solicitation = encodeRouterSolicitation(ownMac, ownLinkLocal)
const router = ipv6('fe80::1')
const other = ipv6('fe80::2')

/** What a router with that lifetime sends. */
function from(address: bigint, lifetimeSeconds = 30): Uint8Array {
  const message = new Uint8Array(16)
  message[0] = 134
  message[6] = lifetimeSeconds >> 8
  message[7] = lifetimeSeconds
  return encodeIcmpv6Frame(
    {
      destination: 0x333300000001,
      source: 0x02005e000009,
      sourceAddress: address,
      destinationAddress: ipv6('ff02::1'),
    },
    message,
  )
}

function exchange(random = 0.5): RouterExchange {
  return new RouterExchange({ random: () => random }, { mac: ownMac, linkLocal: ownLinkLocal }, 0)
}

/** What it sends until then, with the seconds: `0 advertise`. */
function run(of: RouterExchange, untilMs: number): string[] {
  const log: string[] = []
  while (of.dueMs <= untilMs) {
    const nowMs = of.dueMs
    for (const frame of of.timer(nowMs).frames) {
      log.push(`${nowMs / 1_000} ${nameOf(frame)}`)
    }
  }
  return log
}

function nameOf(frame: Uint8Array): string {
  if (Buffer.compare(frame, advertisement) === 0) return 'advertise'
  return Buffer.compare(frame, solicitation) === 0 ? 'solicit' : 'something else'
}

describe('RouterExchange', () => {
  it('advertises itself often at first, then all ten seconds or less; asks three times for routers', () => {
    const expected = ['0 advertise', '0 solicit', '1 advertise', '2 advertise', '3 advertise', '4 solicit', '8 solicit']
    const times = { 0: [10.5, 18, 25.5], 0.999999: [13, 23, 33], 0.5: [11.75, 20.5, 29.25] }
    for (const [random, later] of Object.entries(times)) {
      const log = run(exchange(Number(random)), 34_000)
      const rounded = log.map(line => line.replace(/^[\d.]+/, text => String(Math.round(Number(text) * 100) / 100)))
      assert.deepEqual(rounded.slice(0, expected.length), expected)
      assert.deepEqual(
        rounded.slice(expected.length, expected.length + 3),
        later.map(seconds => `${seconds} advertise`),
      )
    }
  })

  it('asks no more once it knows a router, and introduces itself anew', () => {
    const one = exchange()
    run(one, 1_500)
    assert.equal(one.receive(from(router), 1_500), true)
    assert.deepEqual(one.routers, [router])
    assert.deepEqual(run(one, 10_000), ['2 advertise', '3 advertise', '4 advertise', '5 advertise'])
  })

  it('answers a new router at once, but never twice in a second', () => {
    const one = exchange()
    run(one, 20_500)
    one.receive(from(router), 21_000)
    assert.equal(one.dueMs, 21_500)
    run(one, 60_000)
    one.receive(from(other), 64_000)
    assert.deepEqual(run(one, 64_000), ['64 advertise'])
  })

  it('hears a router again without telling anything new', () => {
    const one = exchange()
    one.receive(from(router), 0)
    run(one, 20_000)
    assert.equal(one.receive(from(router), 20_000), false)
    run(one, 49_999)
    assert.deepEqual(one.routers, [router])
  })

  it('forgets a router after the lifetime that it gave itself, and asks for another', () => {
    const one = exchange()
    one.receive(from(router), 0)
    run(one, 29_999)
    const before = one.routers
    const { changed } = one.timer(30_000)
    assert.deepEqual([before, changed, one.routers], [[router], true, []])
    assert.deepEqual(
      run(one, 40_000).filter(line => line.endsWith('solicit')),
      ['34 solicit', '38 solicit'],
    )
  })

  it('forgets at once a router that takes its offer back', () => {
    const one = exchange()
    one.receive(from(router), 0)
    assert.equal(one.receive(from(router, 0), 5_000), true)
    assert.deepEqual(one.routers, [])
  })

  it('keeps a router that never offers anything for an hour and a half of silence', () => {
    const one = exchange()
    one.receive(from(router, 0), 0)
    assert.equal(one.receive(from(router, 0), 1_000), false)
    run(one, 5_400_999)
    assert.deepEqual(one.routers, [router])
    one.timer(5_401_000)
    assert.deepEqual(one.routers, [])
  })

  it('lists the router first that it has known longest', () => {
    const one = exchange()
    for (const address of [other, router, other]) one.receive(from(address), 0)
    assert.deepEqual(one.routers, [other, router])
  })

  it('takes nothing from its own address, nor from too many, nor what is broken', () => {
    const one = exchange()
    one.receive(from(ownLinkLocal), 0)
    for (let number = 1; number <= 18; number++) one.receive(from(router + BigInt(number)), 0)
    one.receive(from(router + 1n), 1)
    one.receive(from(ipv6('2001:db8::1')), 1)
    assert.equal(one.routers.length, 16)
    assert.deepEqual(one.dropped, { ownAddress: 1, tooManyRouters: 2, sourceNotLinkLocal: 1 })
  })
})
