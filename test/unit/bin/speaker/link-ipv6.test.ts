import assert from 'node:assert/strict'
import { decodeArpFrame } from '../../../../src/arp/packet.ts'
import { formatAddress } from '../../../../src/ip/address.ts'
import { unsolicitedAdvertisement } from '../../../../src/ndp/announcement.ts'
import { ETHERTYPE_IPV6 } from '../../../../src/ndp/layout.ts'
import { decodeNdpFrame, encodeNdpFrame, type NdpFrame } from '../../../../src/ndp/packet.ts'
import { address } from '../../../support/addresses.ts'
import { type LinkNode, LinkWorld, macOf } from '../../../support/io/link-world.ts'
import { ipv6 } from '../../../support/neighbors.ts'

const key = '2001:db8::1'
const group = 'ff02::1:ff00:1'

describe('LinkDrivers and IPv6', () => {
  let world: LinkWorld
  let a: LinkNode

  const begin = async (init: ConstructorParameters<typeof LinkWorld>[0] = {}) => {
    world = new LinkWorld({ nodes: 'ab', ipv6: true, ...init })
    a = world.node('a')
    await world.start()
    await world.run(1_000)
  }
  const owned = async () => {
    world.desire({ [key]: 'ab' })
    await world.run(1_000)
    assert.equal(world.owners(key), 'a')
  }
  const ndpFrames = (): NdpFrame[] =>
    a.sent.flatMap(bytes => {
      const decoded = decodeNdpFrame(bytes)
      return 'frame' in decoded ? [decoded.frame] : []
    })
  const arpProbes = () =>
    a.sent.flatMap(bytes => {
      const decoded = decodeArpFrame(bytes)
      return 'frame' in decoded && decoded.frame.senderProtocolAddress === 0 ? [decoded.frame] : []
    })
  const joined = (node = a) => [...node.groups.joined].map(each => each.split(' ')[1]).sort()

  afterEach(() => assert.deepEqual(world.stop(), []))

  it("ask twice in nobody's name, claim, announce to all nodes, and answer", async () => {
    await begin()
    a.sent.length = 0
    world.desire({ [key]: 'ab' })
    await world.run(99)
    const own = macOf(a.port)
    const questions = ndpFrames()
    assert.deepEqual(
      questions.map(({ sourceAddress, destinationAddress, message }) => [
        sourceAddress,
        formatAddress({ family: 6, value: destinationAddress }),
        message.type,
        message.target,
      ]),
      Array(2).fill([0n, group, 'solicitation', ipv6(key)]),
    )
    assert.equal(await world.askWho(key), '')
    await world.run(2)
    assert.deepEqual(ndpFrames().at(-1), {
      destination: 0x3333_0000_0001,
      source: own,
      sourceAddress: ipv6('fe80::1'),
      destinationAddress: ipv6('ff02::1'),
      message: {
        type: 'advertisement',
        router: false,
        solicited: false,
        override: true,
        target: ipv6(key),
        targetLinkLayerAddress: own,
      },
    })
    assert.equal(await world.askWho(key), 'a')
    assert.equal(a.driver.counters().addresses[0]?.responsesSent, 1)
  })

  it('answer the unicast probe of one who knows the answer', async () => {
    await begin()
    await owned()
    a.sent.length = 0
    const client = macOf(world.client)
    const probe = encodeNdpFrame({
      destination: macOf(a.port),
      source: client,
      sourceAddress: ipv6('2001:db8::c8'),
      destinationAddress: ipv6(key),
      message: { type: 'solicitation', target: ipv6(key) },
    })
    world.sendAsClient(ETHERTYPE_IPV6, probe)
    await world.run(0)
    const [answer] = ndpFrames()
    assert.equal(answer?.destination, client)
    assert.equal(answer?.message.type === 'advertisement' && answer.message.solicited, true)
  })

  it('answer nothing that waited while the process stood still', async () => {
    await begin()
    await owned()
    a.pause()
    world.ask(key)
    await world.run(250)
    world.ask(key)
    await world.run(250)
    await a.resume('packets')
    await world.run(0)
    assert.deepEqual(world.answers, [])
    assert.equal(a.stalls.length, 1)
  })

  it('the next takes over when the owner dies', async () => {
    await begin()
    await owned()
    a.kill()
    const seen = await world.watch(key, 450)
    assert.deepEqual([...new Set(seen)], ['', 'b'])
    assert.deepEqual(
      world.node('b').takeovers.map(({ cause }) => cause),
      ['failure'],
    )
  })

  it('hand over by a changed order, without a moment in which both answer', async () => {
    await begin()
    await owned()
    world.desire({ [key]: 'ba' })
    const seen = await world.watch(key, 500)
    assert.deepEqual(
      seen.filter(answers => answers.length > 1),
      [],
    )
    assert.equal(seen.at(-1), 'b')
  })

  it('a stranger that advertises the address is reported, and the address defended once', async () => {
    await begin()
    await owned()
    await world.run(5_000)
    a.sent.length = 0
    const frame = unsolicitedAdvertisement(macOf(world.client), ipv6('fe80::c8'), ipv6(key))
    for (let time = 0; time < 4; time++) {
      world.sendAsClient(ETHERTYPE_IPV6, frame)
      await world.run(10)
    }
    assert.deepEqual(
      a.report?.conflicts.map(({ address: of, mac }) => [of, mac]),
      [[key, '02:00:00:00:00:03']],
    )
    assert.equal(a.sent.length, 1)
    assert.equal(world.owners(key), 'a')
  })

  it('wait for a link-local address that can be used', async () => {
    await begin()
    const tentative = { address: address('fe80::1'), prefixLength: 64, scope: 'link', tentative: true } as const
    for (const addresses of [[], [tentative]]) {
      a.monitor.set([a.eth0({ addresses })])
      world.desire({ [key]: 'a' })
      await world.run(500)
      assert.equal(a.port.openSockets, 1, 'for ARP')
      assert.deepEqual(joined(), [])
      assert.equal(await world.askWho(key), '')
    }
    a.monitor.set([a.eth0({ addresses: [{ ...tentative, tentative: false }] })])
    assert.equal(a.port.openSockets, 2)
    await world.run(110)
    assert.equal(await world.askWho(key), 'a')
  })

  it('leave IPv4 as it is while the link-local address comes, goes and comes back as another', async () => {
    await begin()
    const linkLocal = (text: string) =>
      a.eth0({ addresses: [{ address: address(text), prefixLength: 64, scope: 'link', tentative: false }] })
    a.monitor.set([a.eth0({ addresses: [] })])
    world.desire({ [key]: 'a', '192.0.2.1': 'a' })
    await world.run(500)
    assert.deepEqual([await world.askWho('192.0.2.1'), await world.askWho(key)], ['a', ''])
    for (const [text, owner] of [
      ['fe80::1', 'a'],
      ['', ''],
      ['fe80::2', 'a'],
      ['fe80::3', 'a'],
    ] as const) {
      a.sent.length = 0
      a.monitor.set([text === '' ? a.eth0({ addresses: [] }) : linkLocal(text)])
      assert.equal(await world.askWho('192.0.2.1'), 'a')
      await world.run(110)
      assert.deepEqual([await world.askWho('192.0.2.1'), await world.askWho(key)], ['a', owner], text)
      assert.deepEqual(arpProbes(), [], 'IPv4 is not asked for again')
      assert.equal(a.port.openSockets, owner === '' ? 1 : 2)
    }
    a.port.setUp(false)
    await world.run(5)
    assert.equal(a.port.openSockets, 0, 'a socket that was there before is still looked after')
  })

  it('join the group of an address that they ask for, and leave it with the address', async () => {
    await begin()
    await owned()
    assert.deepEqual(joined(), [group])
    world.desire({})
    assert.deepEqual(joined(), [])
  })

  it('keep a group that two addresses share until the last of them goes', async () => {
    await begin()
    const twin = '2001:db8:1::1'
    world.desire({ [key]: 'ab', [twin]: 'ab' })
    await world.run(200)
    assert.deepEqual(joined(), [group])
    world.desire({ [twin]: 'ab' })
    assert.deepEqual(joined(), [group])
    assert.equal(await world.askWho(twin), 'a')
    assert.equal(await world.askWho(key), '')
    world.desire({})
    assert.deepEqual(joined(), [])
  })

  it('leave the groups of an interface that goes, and join them anew when it is back', async () => {
    await begin()
    await owned()
    a.monitor.set([])
    assert.deepEqual(joined(), [])
    a.monitor.set([a.eth0()])
    assert.deepEqual(joined(), [group])
    // the other was told that it left, and asks at the same time
    await world.run(400)
    assert.equal(await world.askWho(key), 'a')
  })

  it('announce a new MAC address with it in the frames', async () => {
    await begin()
    await owned()
    a.port.mac = Uint8Array.of(2, 0, 0, 0, 0, 0x77)
    world.tellSpeakers()
    a.sent.length = 0
    a.monitor.set([a.eth0()])
    await world.run(110)
    const last = ndpFrames().at(-1)
    assert.equal(last?.source, 0x0200_0000_0077)
    assert.equal(last?.message.type === 'advertisement' && last.message.targetLinkLayerAddress, 0x0200_0000_0077)
    assert.equal(await world.askWho(key), 'a')
  })

  it('go on with ARP when the second socket cannot be opened, and try again', async () => {
    await begin()
    world.desire({ [key]: 'a', '192.0.2.1': 'a' })
    a.monitor.set([])
    const open = a.port.open
    let failing = true
    Object.defineProperty(a.port, 'open', {
      value: (init: Parameters<typeof open>[0]) => {
        if (failing && init.etherType === ETHERTYPE_IPV6) throw new Error('no memory')
        return open(init)
      },
    })
    a.monitor.set([a.eth0()])
    assert.deepEqual(a.problems, ['eth0: no memory'])
    await world.run(999)
    assert.deepEqual([await world.askWho('192.0.2.1'), await world.askWho(key)], ['a', ''])
    failing = false
    await world.run(1 + 110)
    assert.deepEqual([await world.askWho('192.0.2.1'), await world.askWho(key)], ['a', 'a'])
  })

  it('both families of a Service move together', async () => {
    await begin()
    world.desire({ [key]: 'ab', '192.0.2.1': 'ab' })
    await world.run(500)
    a.kill()
    await world.run(450)
    assert.deepEqual([await world.askWho(key), await world.askWho('192.0.2.1')], ['b', 'b'])
  })

  it('a node that leaves hands over to one that only inquires', async () => {
    await begin()
    await owned()
    world.node('b').driver.setStanding({ viewIsOld: false, apiReachable: false })
    a.driver.leave()
    await world.run(500)
    assert.equal(world.owners(key), 'b')
    assert.equal(a.leftCount, 1)
  })
})
