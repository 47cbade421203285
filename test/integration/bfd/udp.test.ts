import assert from 'node:assert/strict'
import { Authentication, AuthenticationType } from '../../../src/bfd/authentication.ts'
import { Diagnostic, SessionState } from '../../../src/bfd/packet.ts'
import type { PeerConfig } from '../../../src/bfd/session-set.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { UdpEnd, type UdpEndInit } from '../../support/bfd/udp-end.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const intervals = { desiredMinTxIntervalMs: 50, requiredMinRxIntervalMs: 50, detectMultiplier: 3 }

describe('BFD over UDP', () => {
  let left: NetworkNamespace
  let right: NetworkNamespace
  const ends: UdpEnd[] = []

  before(function () {
    if (!canMakeNamespaces()) {
      console.log('skipped: network namespaces need root')
      this.skip()
    }
    left = new NetworkNamespace('bfd-left')
    right = new NetworkNamespace('bfd-right')
    connectByVeth({ namespace: left, interfaceName: 'veth0' }, { namespace: right, interfaceName: 'veth0' })
    left.ip('address add 192.0.2.1/24 dev veth0')
    right.ip('address add 192.0.2.2/24 dev veth0')
    left.ip('address add 2001:db8::1/64 dev veth0')
    right.ip('address add 2001:db8::2/64 dev veth0')
  })

  afterEach(() => {
    for (const end of ends.splice(0)) end.close()
  })

  after(() => {
    left?.remove()
    right?.remove()
  })

  function open(init: Omit<UdpEndInit, 'peer'> & { to: string } & Partial<PeerConfig>): UdpEnd {
    const { namespace, family, port, sourcePort, ttl, to, ...config } = init
    const peer: PeerConfig = {
      role: 'active',
      minimumTtl: 255,
      ...intervals,
      ...config,
      addresses: [parseAddress(to)!],
    }
    const end = new UdpEnd({ namespace, family, port, sourcePort, ttl, peer })
    ends.push(end)
    return end
  }

  for (const { family, leftAddress, rightAddress } of [
    { family: 4, leftAddress: '192.0.2.1', rightAddress: '192.0.2.2' },
    { family: 6, leftAddress: '2001:db8::1', rightAddress: '2001:db8::2' },
  ] as const) {
    it(`comes up over IPv${family}, and notices within the detection time that the other end is gone`, async () => {
      const a = open({ namespace: left, family, to: rightAddress })
      const b = open({ namespace: right, family, to: leftAddress })
      await until('both up', () => a.isUp && b.isUp)
      // long enough for the Poll Sequence to have agreed on the fast intervals
      const settledMs = performance.now() + 500
      await until('time to pass', () => performance.now() > settledMs)
      assert.deepEqual([a.isUp, b.isUp], [true, true])
      b.close()
      const closedMs = performance.now()
      await until('down', () => !a.isUp)
      const { state, diagnostic, atMs } = a.states.at(-1)!
      assert.deepEqual([state, diagnostic], [SessionState.down, Diagnostic.controlDetectionTimeExpired])
      assert.ok(atMs - closedMs > 90 && atMs - closedMs < 250, `after ${atMs - closedMs} ms`)
      assert.deepEqual(a.set.dropped, {})
    })
  }

  it('uses one port for both directions, with a key, as liveness does', async () => {
    const authentication = new Authentication({
      type: AuthenticationType.keyedSha1,
      keyId: 1,
      key: new Uint8Array(20).fill(9),
    })
    const port = { port: 7946, sourcePort: 7946, minimumTtl: undefined, ttl: 64, slowIntervalMs: 50 }
    const a = open({ namespace: left, family: 4, to: '192.0.2.2', authentication, ...port })
    const b = open({ namespace: right, family: 4, to: '192.0.2.1', authentication, role: 'passive', ...port })
    await until('both up', () => a.isUp && b.isUp)
    b.adminDown()
    await until('told of it', () => !a.isUp)
    assert.equal(a.states.at(-1)!.diagnostic, Diagnostic.neighborSignaledSessionDown)
  })

  it('takes no packet that has come through a router (RFC 5881 §5)', async () => {
    const a = open({ namespace: left, family: 4, to: '192.0.2.2' })
    open({ namespace: right, family: 4, to: '192.0.2.1', ttl: 254 })
    await until('drops', () => (a.set.dropped.ttlTooLow ?? 0) > 0)
    assert.equal(a.state, SessionState.down)
  })
})
