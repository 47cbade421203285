import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InterfaceTable } from '../../../src/io/interface-table.ts'
import { encodeDumpRequest, parseRouteMessages, type RouteMessageBody } from '../../../src/io/netlink-parse.ts'
import { formatAddress } from '../../../src/ip/address.ts'

// the messages stand here as a little-endian machine sends them
const hex = (...parts: string[]): Uint8Array => Uint8Array.from(Buffer.from(parts.join('').replaceAll(' ', ''), 'hex'))

const veth = hex(
  '60000000 1000 0000 00000000 00000000', // length 96, RTM_NEWLINK, event
  '00 00 0100 02000000 43100000 00000000', // AF_UNSPEC, Ethernet, index 2, up broadcast running multicast lower-up
  '0a00 0300 7665746830 00 0000', // IFLA_IFNAME veth0
  '0800 0400 dc050000', // IFLA_MTU 1500
  '0800 0a00 03000000', // IFLA_MASTER 3
  '0a00 0100 02005e005301 0000', // IFLA_ADDRESS
  '1000 1280 0900 0100 76657468 00 000000', // IFLA_LINKINFO, nested: IFLA_INFO_KIND veth
  '0800 2b00 00000000', // unknown to us
)

const loopbackGone = hex(
  '28000000 1100 0000 00000000 00000000', // RTM_DELLINK
  '00 00 0403 01000000 49000000 00000000', // ARPHRD_LOOPBACK, index 1, up loopback running
  '0700 0300 6c6f00 00',
)

const address4 = hex(
  '28000000 1400 1200 07000000 00000000', // RTM_NEWADDR, sequence 7, NLM_F_DUMP_INTR
  '02 18 80 00 02000000', // AF_INET, /24, permanent, global, index 2
  '0800 0100 c0000209', // IFA_ADDRESS: the peer
  '0800 0200 c0000201', // IFA_LOCAL: ours
)

const address6 = hex(
  '34000000 1500 0000 00000000 00000000', // RTM_DELADDR
  '0a 40 80 fd 02000000', // AF_INET6, /64, link scope
  '1400 0100 fe800000000000000000000000000001',
  '0800 0800 c0000000', // IFA_FLAGS: permanent, tentative
)

const done = hex('14000000 0300 0200 09000000 00000000 00000000')
const refused = hex('24000000 0200 0000 09000000 00000000 f0ffffff 14000000120001030900000000000000')

const bodies = (bytes: Uint8Array): RouteMessageBody[] => parseRouteMessages(bytes).map(({ body }) => body)

describe('route netlink messages', () => {
  before(function () {
    // the golden bytes would have to be written a second time for big-endian machines, which Herald is not built for
    if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return
    console.log('      skipped: the golden bytes are those of a little-endian machine')
    this.skip()
  })

  it('reads a link', () => {
    assert.deepEqual(bodies(veth), [
      {
        kind: 'link',
        deleted: false,
        link: {
          index: 2,
          name: 'veth0',
          ethernet: true,
          mac: Uint8Array.of(2, 0, 0x5e, 0, 0x53, 1),
          mtu: 1500,
          up: true,
          running: true,
          broadcast: true,
          noArp: false,
          loopback: false,
          masterIndex: 3,
          linkKind: 'veth',
        },
      },
    ])
  })

  it('reads a deleted link without MAC address', () => {
    assert.deepEqual(bodies(loopbackGone), [
      {
        kind: 'link',
        deleted: true,
        link: {
          index: 1,
          name: 'lo',
          ethernet: false,
          mac: new Uint8Array(6),
          mtu: 0,
          up: true,
          running: true,
          broadcast: false,
          noArp: false,
          loopback: true,
          masterIndex: undefined,
          linkKind: undefined,
        },
      },
    ])
  })

  it('reads addresses: ours, not the peer’s', () => {
    const [four] = parseRouteMessages(address4)
    assert.deepEqual([four?.sequence, four?.interrupted], [7, true])
    assert.deepEqual(four?.body, {
      kind: 'address',
      deleted: false,
      address: {
        interfaceIndex: 2,
        address: { family: 4, value: 0xc0000201 },
        prefixLength: 24,
        scope: 'global',
        tentative: false,
      },
    })
    const [six] = bodies(address6)
    assert.ok(six?.kind === 'address')
    assert.equal(formatAddress(six.address.address), 'fe80::1')
    assert.deepEqual([six.deleted, six.address.scope, six.address.tentative], [true, 'link', true])
  })

  it('reads several messages of one datagram', () => {
    const all = Buffer.concat([veth, address4, done, refused])
    assert.deepEqual(
      parseRouteMessages(all).map(({ sequence, body }) => [sequence, body.kind]),
      [
        [0, 'link'],
        [7, 'address'],
        [9, 'done'],
        [9, 'error'],
      ],
    )
    assert.deepEqual(bodies(refused), [{ kind: 'error', number: 16 }])
  })

  const changed = (bytes: Uint8Array, ...changes: [offset: number, value: number][]): Uint8Array => {
    const copy = bytes.slice()
    for (const [offset, value] of changes) copy[offset] = value
    return copy
  }

  const odd: [name: string, bytes: Uint8Array, body: RouteMessageBody][] = [
    ['shorter than a header', veth.subarray(0, 15), { kind: 'malformed', reason: 'message length' }],
    ['cut off', veth.subarray(0, 60), { kind: 'malformed', reason: 'message length' }],
    ['length below a header', changed(veth, [0, 15]), { kind: 'malformed', reason: 'message length' }],
    ['a bridge port that left', changed(loopbackGone, [16, 7]), { kind: 'ignored', reason: 'link family 7' }],
    ['attribute length 3', changed(veth, [32, 3]), { kind: 'malformed', reason: 'link attributes' }],
    ['attribute past the end', changed(veth, [32, 200]), { kind: 'malformed', reason: 'link attributes' }],
    ['link without name', changed(loopbackGone, [34, 99]), { kind: 'malformed', reason: 'link without name' }],
    ['wireless event', changed(veth, [46, 11]), { kind: 'ignored', reason: 'wireless event' }],
    [
      'link too short',
      hex('14000000 1000 0000 00000000 00000000 00000000'),
      { kind: 'malformed', reason: 'link length' },
    ],
    ['address of another family', changed(address4, [16, 28]), { kind: 'ignored', reason: 'address family 28' }],
    ['IPv6 address of 4 bytes', changed(address4, [16, 10]), { kind: 'malformed', reason: 'address value' }],
    ['prefix length 33', changed(address4, [17, 33]), { kind: 'malformed', reason: 'prefix length' }],
    [
      'address too short',
      hex('14000000 1400 0000 00000000 00000000 02180000'),
      { kind: 'malformed', reason: 'address length' },
    ],
    ['error too short', hex('10000000 0200 0000 00000000 00000000'), { kind: 'malformed', reason: 'error length' }],
    ['overrun', hex('10000000 0400 0000 00000000 00000000'), { kind: 'overrun' }],
    ['a route', hex('10000000 1800 0000 00000000 00000000'), { kind: 'ignored', reason: 'message type 24' }],
  ]
  for (const [name, bytes, body] of odd) {
    it(`${name}: ${body.kind}`, () => assert.deepEqual(bodies(bytes), [body]))
  }

  it('asks for a dump', () => {
    assert.deepEqual(encodeDumpRequest('links', 5), hex('20000000 1200 0103 05000000 00000000', '00'.repeat(16)))
    assert.deepEqual(encodeDumpRequest('addresses', 6), hex('18000000 1600 0103 06000000 00000000', '00'.repeat(8)))
  })

  it('never throws, whatever arrives', () => {
    const whole = fc.constantFrom(veth, loopbackGone, address4, address6, done, refused)
    const mutated = fc
      .tuple(
        fc.array(whole, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
      )
      .map(([messages, changes]) => {
        const bytes = new Uint8Array(Buffer.concat(messages))
        for (const [offset, value] of changes) bytes[offset % bytes.length] = value
        return bytes
      })
    const table = new InterfaceTable()
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), bytes => {
        const messages = parseRouteMessages(bytes)
        assert.ok(messages.length <= bytes.length / 16 + 1)
        for (const { body } of messages) table.apply(body)
        table.snapshot()
      }),
      { numRuns: 20_000 },
    )
  })
})
