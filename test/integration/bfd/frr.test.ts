import assert from 'node:assert/strict'
import { Diagnostic, SessionState } from '../../../src/bfd/packet.ts'
import type { PeerConfig } from '../../../src/bfd/session-set.ts'
import { parseAddress } from '../../../src/ip/address.ts'
import { Frr, hasFrr } from '../../support/bfd/frr.ts'
import { UdpEnd } from '../../support/bfd/udp-end.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const frrAddress = '192.0.2.254'
const ownAddress = '192.0.2.1'

describe("BFD with FRR's bfdd", function () {
  this.timeout(30_000)
  let own: NetworkNamespace
  let router: NetworkNamespace
  let frr: Frr | undefined
  let end: UdpEnd | undefined

  before(function () {
    if (!canMakeNamespaces() || !hasFrr()) {
      console.log('skipped: it needs root and the Debian package frr')
      this.skip()
    }
  })

  beforeEach(() => {
    own = new NetworkNamespace('bfd-own')
    router = new NetworkNamespace('bfd-frr')
    connectByVeth({ namespace: own, interfaceName: 'veth0' }, { namespace: router, interfaceName: 'veth0' })
    own.ip(`address add ${ownAddress}/24 dev veth0`)
    router.ip(`address add ${frrAddress}/24 dev veth0`)
  })

  afterEach(() => {
    end?.close()
    frr?.stop()
    own?.remove()
    router?.remove()
    end = undefined
    frr = undefined
  })

  const singleHop: PeerConfig = {
    addresses: [parseAddress(frrAddress)!],
    role: 'active',
    desiredMinTxIntervalMs: 100,
    requiredMinRxIntervalMs: 100,
    detectMultiplier: 3,
    minimumTtl: 255,
  }

  /** Starts both and waits until both say that the session is up. */
  async function bothUp(init: { peer: string; options?: string[]; config?: Partial<PeerConfig>; port?: number }) {
    const timers = ['receive-interval 100', 'transmit-interval 100', 'detect-multiplier 3', ...(init.options ?? [])]
    const config = ['bfd', ` peer ${init.peer}`, ...timers.map(line => `  ${line}`), '  no shutdown', ' !', '!', '']
    frr = new Frr(router, config.join('\n'))
    await frr.start()
    end = new UdpEnd({ namespace: own, family: 4, peer: { ...singleHop, ...init.config }, port: init.port })
    const up = end
    await until('up here', () => up.isUp, 15_000)
    await frr.until('up there', ({ status }) => status === 'up')
    return { frr, end }
  }

  it('comes up on both sides, agrees on intervals, and stays up', async () => {
    const { frr, end } = await bothUp({ peer: `${ownAddress} interface veth0` })
    const peer = await frr.until('our intervals', peer => peer['remote-transmit-interval'] === 100)
    assert.equal(peer['remote-receive-interval'], 100)
    assert.equal(peer['remote-detect-multiplier'], 3)
    const untilMs = performance.now() + 2000
    await until('two seconds', () => performance.now() > untilMs)
    const { up } = SessionState
    assert.deepEqual(end.states.map(({ state }) => state).slice(end.states.findIndex(({ state }) => state === up)), [
      up,
    ])
    assert.deepEqual(end.set.dropped, {})
  })

  it('notices within the detection time that bfdd was killed', async () => {
    const { frr, end } = await bothUp({ peer: `${ownAddress} interface veth0` })
    await frr.until('our intervals', peer => peer['remote-transmit-interval'] === 100)
    frr.kill()
    const killedMs = performance.now()
    await until('down', () => !end.isUp)
    const { diagnostic, atMs } = end.states.at(-1)!
    assert.equal(diagnostic, Diagnostic.controlDetectionTimeExpired)
    assert.ok(atMs - killedMs > 190 && atMs - killedMs < 400, `after ${atMs - killedMs} ms`)
  })

  it('is missed by bfdd when it falls silent', async () => {
    const { frr, end } = await bothUp({ peer: `${ownAddress} interface veth0` })
    await frr.until('our intervals', peer => peer['remote-transmit-interval'] === 100)
    end.close()
    const peer = await frr.until('down', ({ status }) => status === 'down', 2_000)
    assert.match(peer.diagnostic, /control detection time expired/)
  })

  it('tells bfdd when it stops', async () => {
    const { frr, end } = await bothUp({ peer: `${ownAddress} interface veth0` })
    end.adminDown()
    const peer = await frr.until('down', ({ status }) => status === 'down', 2_000)
    assert.match(peer.diagnostic, /neighbor signaled session down/)
    assert.match(peer['remote-diagnostic'], /administratively down/)
  })

  it('changes intervals by Poll Sequences from either side without going down', async () => {
    const { frr, end } = await bothUp({ peer: `${ownAddress} interface veth0` })
    const count = end.states.length
    end.configure({ ...singleHop, desiredMinTxIntervalMs: 50, requiredMinRxIntervalMs: 200 })
    const ours = await frr.until('our new intervals', peer => peer['remote-transmit-interval'] === 50)
    assert.equal(ours['remote-receive-interval'], 200)
    const change = ['transmit-interval 300', 'receive-interval 60']
    await frr.vtysh('configure terminal', 'bfd', `peer ${ownAddress} interface veth0`, ...change)
    await frr.until('its new intervals', peer => peer['transmit-interval'] === 300)
    const untilMs = performance.now() + 1500
    await until('some time', () => performance.now() > untilMs)
    assert.equal(end.states.length, count)
    assert.equal((await frr.peer())?.status, 'up')
  })

  it('works with a passive bfdd, and passively with an active one', async () => {
    await bothUp({ peer: `${ownAddress} interface veth0`, options: ['passive-mode'] })
    end?.close()
    frr?.stop()
    await bothUp({ peer: `${ownAddress} interface veth0`, config: { role: 'passive' } })
  })

  it('works over several hops (RFC 5883)', async () => {
    await bothUp({
      peer: `${ownAddress} multihop local-address ${frrAddress}`,
      config: { minimumTtl: 250 },
      port: 4784,
    })
  })
})
