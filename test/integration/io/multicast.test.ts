import assert from 'node:assert/strict'
import { type GroupMembership, openGroupMembership } from '../../../src/io/multicast.ts'
import { openPacketSocket } from '../../../src/io/packet-socket.ts'
import { address } from '../../support/addresses.ts'
import { until } from '../../support/io/until.ts'
import { connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { eventually } from '../../support/processes.ts'

const etherTypeIpv6 = 0x86dd
const group = address('ff02::1:ff00:1234')
const groupMac = Uint8Array.of(0x33, 0x33, 0xff, 0x00, 0x12, 0x34)
const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)
const interfaceName = 'veth0'

describe('membership of multicast groups', () => {
  const closing: { close(): void }[] = []
  const namespaces: NetworkNamespace[] = []
  let errors: (Error & { code?: string })[]

  beforeEach(() => {
    errors = []
  })

  afterEach(() => {
    for (const closable of closing.splice(0)) closable.close()
    for (const namespace of namespaces.splice(0)) namespace.remove()
  })

  function makeNamespace(label: string): NetworkNamespace {
    const namespace = new NetworkNamespace(label)
    namespaces.push(namespace)
    return namespace
  }

  function pair(): [NetworkNamespace, NetworkNamespace] {
    const [left, right] = [makeNamespace('a'), makeNamespace('b')]
    connectByVeth({ namespace: left, interfaceName }, { namespace: right, interfaceName })
    return [left, right]
  }

  function openMembership(namespace: NetworkNamespace): GroupMembership {
    // sockets are opened when they are needed
    const membership = namespace.enter(() => openGroupMembership({ onError: error => errors.push(error) }))
    const inside: GroupMembership = {
      join: (...arguments_) => namespace.enter(() => membership.join(...arguments_)),
      leave: (...arguments_) => membership.leave(...arguments_),
      close: () => membership.close(),
    }
    closing.push(inside)
    return inside
  }

  function listen(namespace: NetworkNamespace, name: string): Buffer[] {
    const frames: Buffer[] = []
    const socket = namespace.enter(() =>
      openPacketSocket({
        interfaceIndex: namespace.interfaceIndex(name),
        etherType: etherTypeIpv6,
        onBatch: batch => {
          for (let i = 0; i < batch.count; i++) frames.push(Buffer.from(batch.frame(i)))
        },
        onError: () => {},
      }),
    )
    closing.push(socket)
    return frames
  }

  function sender(namespace: NetworkNamespace, mac: Uint8Array, destination: string): () => void {
    const interfaceIndex = namespace.interfaceIndex(interfaceName)
    const socket = namespace.enter(() =>
      openPacketSocket({ interfaceIndex, etherType: etherTypeIpv6, onBatch: () => {}, onError: () => {} }),
    )
    closing.push(socket)
    const frame = new Uint8Array(86)
    frame.set(mac)
    frame.set(namespace.mac(interfaceName), 6)
    // version 6, no next header, hop limit 255; the destination tells a snooping bridge the group
    frame.set([0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 59, 255], 12)
    frame.set(bytesOf('fe80::9'), 22)
    frame.set(bytesOf(destination), 38)
    return () => socket.send([frame])
  }

  const toGroups = (frames: Buffer[]) => frames.filter(frame => frame[4] === 0x12)

  it('is reported by MLD when it begins, once, and when it ends', async () => {
    const [left, right] = pair()
    const heard = listen(left, interfaceName)
    const index = right.interfaceIndex(interfaceName)
    const membership = openMembership(right)
    const reports = (recordType: number) => reportsOf(heard, 'ff02::1:ff00:1234').filter(type => type === recordType)
    membership.join(group, index)
    membership.join(group, index)
    // RFC 3810 §5.2.12: CHANGE_TO_EXCLUDE with no source is "join", CHANGE_TO_INCLUDE with none is "leave"
    await until('the report', () => reports(4).length > 0)
    assert.equal(groupsOf(right).get('ff02::1:ff00:1234'), 1)
    membership.leave(group, index)
    membership.leave(group, index)
    await until('the report of the end', () => reports(3).length > 0)
    assert.equal(groupsOf(right).get('ff02::1:ff00:1234'), undefined)
    assert.deepEqual(errors, [])
  })

  it('ends when it is closed', () => {
    const [, right] = pair()
    const membership = openMembership(right)
    membership.join(group, right.interfaceIndex(interfaceName))
    assert.ok(groupsOf(right).has('ff02::1:ff00:1234'))
    membership.close()
    assert.ok(!groupsOf(right).has('ff02::1:ff00:1234'))
    membership.join(group, right.interfaceIndex(interfaceName))
    assert.ok(!groupsOf(right).has('ff02::1:ff00:1234'))
  })

  it('lets the group through an interface that filters', async () => {
    const [left, right] = pair()
    right.ip(`link add filtered0 link ${interfaceName} type macvlan mode private`)
    right.ip('link set filtered0 up')
    const heard = listen(right, 'filtered0')
    const unfiltered = listen(right, interfaceName)
    const membership = openMembership(right)
    // The filter is a hash of 8 bits: the group may collide with one that the kernel joined.
    const senders = [1, 2, 3].map(i =>
      sender(left, Uint8Array.of(0x33, 0x33, 0xff, 0, 0x12, i), `ff02::1:ff00:120${i}`),
    )
    for (const send of senders) send()
    await until('the frames on the lower interface', () => toGroups(unfiltered).length === 3)
    const passed = toGroups(heard).map(frame => frame[5])
    const held = [1, 2, 3].find(i => !passed.includes(i))
    assert.ok(held, 'the interface does not filter')
    membership.join(address(`ff02::1:ff00:120${held}`), right.interfaceIndex('filtered0'))
    await until('the frame', () => {
      senders[held - 1]!()
      return toGroups(heard).some(frame => frame[5] === held)
    })
    assert.deepEqual(errors, [])
  })

  it('lets the group through a switch that snoops', async () => {
    const bridge = makeNamespace('switch')
    const [asker, node] = [makeNamespace('a'), makeNamespace('b')]
    const quick = ['query_response', 'last_member', 'startup_query'].map(name => `mcast_${name}_interval 10`).join(' ')
    bridge.ip(`link add br0 type bridge mcast_snooping 1 ${quick}`)
    // apart: it does not snoop before the response interval that stood when this was set has passed
    bridge.ip('link set br0 type bridge mcast_querier 1')
    for (const [i, namespace] of [asker, node].entries()) {
      connectByVeth({ namespace: bridge, interfaceName: `port${i}` }, { namespace, interfaceName })
      bridge.ip(`link set port${i} master br0`)
    }
    bridge.ip('link set br0 up')
    const send = sender(asker, groupMac, 'ff02::1:ff00:1234')
    const sendToAll = sender(asker, allNodesMac, 'ff02::1')
    const heard = listen(node, interfaceName)
    const membership = openMembership(node)
    // Whether the group's frame came before one for all nodes, which no switch holds back.
    const passes = async () => {
      heard.length = 0
      send()
      sendToAll()
      await until('the frame to all nodes', () => heard.some(frame => frame.subarray(0, 6).equals(allNodesMac)))
      return toGroups(heard).length > 0
    }
    await eventually('the switch to hold the group back', async () => !(await passes()), { timeoutMs: 20_000 })
    membership.join(group, node.interfaceIndex(interfaceName))
    await eventually('the group to pass', passes)
    membership.leave(group, node.interfaceIndex(interfaceName))
    await eventually('the switch to hold the group back again', async () => !(await passes()), { timeoutMs: 20_000 })
  }).timeout(60_000)

  it('takes further sockets when one has no more room', async () => {
    const [, right] = pair()
    right.sysctl('net.core.optmem_max', 2048)
    const index = right.interfaceIndex(interfaceName)
    const membership = openMembership(right)
    const groups = Array.from({ length: 300 }, (_, i) => address(`ff02::1:ff00:${(i + 1).toString(16)}`))
    const before = groupsOf(right).size
    for (const each of groups) membership.join(each, index)
    await new Promise(setImmediate)
    assert.deepEqual(errors, [])
    assert.equal(groupsOf(right).size, before + 300)
    for (const each of groups.slice(0, 200)) membership.leave(each, index)
    assert.equal(groupsOf(right).size, before + 100)
    for (const each of groups) membership.join(each, index)
    assert.equal(groupsOf(right).size, before + 300)
    membership.close()
    assert.equal(groupsOf(right).size, before)
  })

  it('reports an interface that is gone, after the call, and goes on', async () => {
    const [, right] = pair()
    const index = right.interfaceIndex(interfaceName)
    const membership = openMembership(right)
    membership.join(group, index)
    right.ip(`link delete ${interfaceName}`)
    membership.leave(group, index)
    membership.join(group, index)
    assert.deepEqual(errors, [])
    await until('the error', () => errors.length > 0)
    assert.deepEqual(
      errors.map(({ code, message }) => ({ code, message })),
      [
        {
          code: 'ENODEV',
          message: `joining ff02::1:ff00:1234 on interface ${index}: ENODEV: no such device, setsockopt IPV6_JOIN_GROUP`,
        },
      ],
    )
    // an interface of another name takes its place
    right.ip('link add other0 type veth peer name other1')
    right.ip('link set other0 up')
    membership.join(group, right.interfaceIndex('other0'))
    assert.ok(groupsOf(right).has('ff02::1:ff00:1234'))
  })

  it('refuses what is no IPv6 group', async () => {
    const [, right] = pair()
    const membership = openMembership(right)
    const index = right.interfaceIndex(interfaceName)
    assert.throws(() => membership.join(address('224.0.0.1'), index), /only IPv6 groups/)
    membership.join(address('2001:db8::1'), index)
    await until('the error', () => errors.length > 0)
    assert.equal(errors[0]!.code, 'EINVAL')
  })
})

/** The kernel's groups by address, with the number of members. */
function groupsOf(namespace: NetworkNamespace): Map<string, number> {
  const listing = namespace.exec('ip', ['-6', '-json', 'maddress', 'show'])
  const interfaces = JSON.parse(listing) as { maddr: { address?: string; users?: number }[] }[]
  const groups = new Map<string, number>()
  for (const { maddr } of interfaces) {
    for (const { address: text, users } of maddr) if (text) groups.set(text, users ?? 1)
  }
  return groups
}

/** The types of the MLDv2 records (RFC 3810 §5.2) about one group. */
function reportsOf(frames: readonly Buffer[], of: string): number[] {
  const wanted = Buffer.from(bytesOf(of))
  const types: number[] = []
  for (const frame of frames) {
    // hop-by-hop header with the router alert, then ICMPv6 type 143
    if (frame[20] !== 0 || frame[62] !== 143) continue
    const records = frame.readUInt16BE(68)
    for (let i = 0, offset = 70; i < records; i++) {
      if (frame.subarray(offset + 4, offset + 20).equals(wanted)) types.push(frame[offset]!)
      offset += 20 + frame.readUInt16BE(offset + 2) * 16
    }
  }
  return types
}

function bytesOf(text: string): Uint8Array {
  const { value } = address(text)
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))
}
