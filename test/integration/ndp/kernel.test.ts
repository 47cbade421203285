import assert from 'node:assert/strict'
import { openPacketSocket, type PacketSocket } from '../../../src/io/packet-socket.ts'
import { unsolicitedAdvertisement } from '../../../src/ndp/announcement.ts'
import { NDP_FILTER } from '../../../src/ndp/filter.ts'
import { type HeardNdp, hearNdp } from '../../../src/ndp/hear.ts'
import { ETHERTYPE_IPV6 } from '../../../src/ndp/layout.ts'
import { probeFrame } from '../../../src/ndp/probe.ts'
import { NDP_ANSWER_LENGTH, NdpResponder } from '../../../src/ndp/responder.ts'
import { formatMac } from '../../../src/wire/mac-address.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { until } from '../../support/io/until.ts'
import { announced, asker, ipv6 } from '../../support/neighbors.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const device = 'veth0'

// What counts in the end is whether other people's implementation of RFC 4861 and RFC 4862 understands: the kernel's.
describe('neighbour discovery with a kernel', () => {
  let node: NetworkNamespace
  let neighbor: NetworkNamespace
  let socket: PacketSocket
  let responder: NdpResponder
  let heard: HeardNdp[]
  const errors: Error[] = []

  before(function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: network namespaces need root')
      this.skip()
    }
    node = new NetworkNamespace('node')
    neighbor = new NetworkNamespace('neighbor')
    connectByVeth({ namespace: node, interfaceName: device }, { namespace: neighbor, interfaceName: device })
    node.ip(`address add 2001:db8::5/64 dev ${device}`)
    neighbor.ip(`address add 2001:db8::c8/64 dev ${device}`)
    const linkLocal = /inet6 (fe80::\S+)\//.exec(node.ip(`-6 address show dev ${device} scope link`))![1]!
    responder = new NdpResponder({ mac: new Reader(node.mac(device)).uint48(), linkLocal: ipv6(linkLocal) })
    socket = node.enter(() =>
      openPacketSocket({
        interfaceIndex: node.interfaceIndex(device),
        etherType: ETHERTYPE_IPV6,
        filter: NDP_FILTER,
        onBatch: batch => {
          for (let i = 0; i < batch.count; i++) {
            const frame = batch.frame(i)
            const said = hearNdp(frame)
            if (said) heard.push(said)
            const counters = responder.accept(frame)
            if (counters) responder.answer(frame, batch.reply(NDP_ANSWER_LENGTH)!)
          }
        },
        onError: error => errors.push(error),
      }),
    )
  })

  beforeEach(() => {
    heard = []
    responder.addresses.set(announced, { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 })
    neighbor.ip(`-6 neigh flush dev ${device}`)
  })

  after(() => {
    if (!canMakeNamespaces()) return
    socket.close()
    node.remove()
    neighbor.remove()
    assert.deepEqual(errors, [])
  })

  /** what the neighbour knows of the address: MAC and state */
  const entry = () => neighbor.ip(`-6 neigh show 2001:db8::1 dev ${device}`).replace('2001:db8::1', '').trim()
  const own = () => formatMac(responder.mac)

  it('answers what is asked by multicast', async () => {
    neighbor.ip(`-6 neigh replace 2001:db8::1 dev ${device} use`)
    await until('the neighbour to know', () => entry() === `lladdr ${own()} REACHABLE`)
    assert.equal(responder.addresses.get(announced)?.requestsReceived, 1)
  })

  it('answers what is asked by unicast: whether it is still there', async () => {
    neighbor.ip(`-6 neigh replace 2001:db8::1 lladdr ${own()} dev ${device} nud probe`)
    await until('the neighbour to be sure', () => entry() === `lladdr ${own()} REACHABLE`)
    assert.equal(responder.addresses.get(announced)?.requestsReceived, 1)
  })

  it('lets the neighbour give the address up once it is silent', async () => {
    responder.addresses.delete(announced)
    neighbor.sysctl(`net.ipv6.neigh.${device}.retrans_time_ms`, 100)
    neighbor.ip(`-6 neigh replace 2001:db8::1 lladdr ${own()} dev ${device} nud probe`)
    await until('the neighbour to give up', () => entry() === 'FAILED')
  })

  it('moves the address by an announcement', async () => {
    neighbor.ip(`-6 neigh replace 2001:db8::1 lladdr 02:00:5e:00:00:ff dev ${device} nud reachable`)
    socket.send([unsolicitedAdvertisement(responder.mac, responder.linkLocal, announced)])
    await until('the neighbour to follow', () => entry().startsWith(`lladdr ${own()}`))
  })

  it('keeps a neighbour from taking the address', async () => {
    neighbor.sysctl(`net.ipv6.conf.${device}.accept_dad`, 1)
    neighbor.ip(`address add 2001:db8::1/64 dev ${device}`)
    const flags = () => neighbor.ip(`-6 address show dev ${device} to 2001:db8::1`)
    await until('the neighbour to find out', () => flags().includes('dadfailed'))
    neighbor.ip(`address delete 2001:db8::1/64 dev ${device}`)
    const mac = new Reader(neighbor.mac(device)).uint48()
    assert.deepEqual(heard, [{ kind: 'probe', address: announced, mac }])
  })

  it("hears a neighbour's claim when it asks for its address", async () => {
    socket.send([probeFrame(responder.mac, asker)])
    const mac = new Reader(neighbor.mac(device)).uint48()
    await until('the answer', () => heard.length > 0)
    assert.deepEqual(heard, [{ kind: 'claim', address: asker, mac }])
  })
})
