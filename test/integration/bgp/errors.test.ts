import assert from 'node:assert/strict'
import type { PeerConfig } from '../../../src/bgp/peer-config.ts'
import { address, peerConfig, routesFor, SpeakerUnderTest } from '../../support/bgp/scene.ts'
import { openOf, rawMessage, type ScriptedConnection, ScriptedPeer } from '../../support/bgp/scripted-peer.ts'
import { fromHex } from '../../support/hex.ts'

/** What the peer does wrong, and what it is told: `code/subcode` and the data in hexadecimal. */
interface Row {
  readonly what: string
  readonly wrong: Uint8Array
  readonly notification: string
  readonly data?: string
  readonly config?: Partial<PeerConfig>
}

const nothing = new Uint8Array(0)
const open = (hex: string) => rawMessage(1, fromHex(hex))
/** version, AS 64512, hold time 90, identifier 192.0.2.99, no optional parameters; parts of it replaced */
const openFields = (parts: { version?: string; as?: string; hold?: string; id?: string; optional?: string } = {}) =>
  open(
    `${parts.version ?? '04'} ${parts.as ?? 'fc00'} ${parts.hold ?? '005a'} ${parts.id ?? 'c0000263'} ${parts.optional ?? '00'}`,
  )
const unsynchronized = rawMessage(1, fromHex('04 fc00 005a c0000263 00')).with(3, 0)

/** Wrong from the first message on: the speaker is in OpenSent. RFC 4271 §6.1, §6.2, RFC 5492 §5, RFC 6608 §3. */
const beforeOpen: readonly Row[] = [
  { what: 'a marker that is not all ones', wrong: unsynchronized, notification: '1/1' },
  { what: 'a length of 18', wrong: rawMessage(1, nothing, 18), notification: '1/2', data: '0012' },
  { what: 'a length of 4097', wrong: rawMessage(2, nothing, 4097), notification: '1/2', data: '1001' },
  { what: 'an OPEN that is too short', wrong: rawMessage(1, new Uint8Array(9)), notification: '1/2', data: '001c' },
  { what: 'a KEEPALIVE with a body', wrong: rawMessage(4, [0]), notification: '1/2', data: '0014' },
  { what: 'a message of type 6', wrong: rawMessage(6, nothing), notification: '1/3', data: '06' },
  { what: 'BGP version 3', wrong: openFields({ version: '03' }), notification: '2/1', data: '0004' },
  { what: 'another AS', wrong: openFields({ as: 'fc01' }), notification: '2/2' },
  { what: 'AS 0', wrong: openFields({ as: '0000' }), notification: '2/2' },
  { what: 'identifier 0.0.0.0', wrong: openFields({ id: '00000000' }), notification: '2/3' },
  {
    what: 'the identifier of the speaker within its AS',
    wrong: openFields({ id: 'c0000201' }),
    notification: '2/3',
    config: { localAs: 64512 },
  },
  { what: 'a hold time of 1 s', wrong: openFields({ hold: '0001' }), notification: '2/6' },
  { what: 'a hold time of 2 s', wrong: openFields({ hold: '0002' }), notification: '2/6' },
  { what: 'an unknown optional parameter', wrong: openFields({ optional: '03 01 01 00' }), notification: '2/4' },
  {
    what: 'an optional parameter that is cut off',
    wrong: openFields({ optional: '03 02 06 01' }),
    notification: '2/0',
  },
  { what: 'a capability that is cut off', wrong: openFields({ optional: '04 02 02 01 04' }), notification: '2/0' },
  {
    what: 'no address family in common',
    wrong: openFields({ optional: '08 02 06 01 04 0002 00 01' }),
    notification: '2/7',
    data: '010400010001',
  },
  { what: 'a KEEPALIVE instead of the OPEN', wrong: rawMessage(4, nothing), notification: '5/1', data: '04' },
]

/** Wrong on an established session. RFC 4271 §6.3, RFC 7606 §3 a–f, §5.3, RFC 6608 §3. */
const established: readonly Row[] = [
  { what: 'another OPEN', wrong: openFields(), notification: '5/3', data: '01' },
  { what: 'a length of 4097', wrong: rawMessage(2, nothing, 4097), notification: '1/2', data: '1001' },
  { what: 'withdrawn routes longer than the UPDATE', wrong: rawMessage(2, fromHex('0009 0000')), notification: '3/1' },
  { what: 'attributes longer than the UPDATE', wrong: rawMessage(2, fromHex('0000 0009 40')), notification: '3/1' },
  { what: 'an UPDATE of 22 octets', wrong: rawMessage(2, fromHex('0000 00')), notification: '1/2', data: '0016' },
  {
    what: 'a withdrawn prefix of 33 bits',
    wrong: rawMessage(2, fromHex('0006 21 cb007101 00 0000')),
    notification: '3/10',
  },
  {
    what: 'an announced prefix that is cut off',
    wrong: rawMessage(2, fromHex('0000 0014 400101 00 400206 0201 0000fc00 400304 c0000263 20 cb00')),
    notification: '3/10',
  },
  {
    what: 'two MP_REACH_NLRI',
    wrong: rawMessage(2, fromHex('0000 001a 800e0a 0001 01 04 c0000263 00 00 800e0a 0001 01 04 c0000263 00 00')),
    notification: '3/1',
  },
]

/** Faults that a session survives: the routes count as withdrawn, or the attribute is dropped (RFC 7606 §7). */
const survived: readonly { what: string; wrong: Uint8Array }[] = [
  { what: 'ORIGIN 3', wrong: update('400101 03 400206 0201 0000fc00 400304 c0000263') },
  { what: 'an AS_PATH segment of type 9', wrong: update('400101 00 400206 0901 0000fc00 400304 c0000263') },
  { what: 'an AS_PATH that is cut off', wrong: update('400101 00 400206 0203 0000fc00 400304 c0000263') },
  { what: 'no NEXT_HOP', wrong: update('400101 00 400206 0201 0000fc00') },
  { what: 'a NEXT_HOP of 3 octets', wrong: update('400101 00 400206 0201 0000fc00 400303 c00002') },
  { what: 'COMMUNITIES of 3 octets', wrong: update('400101 00 400206 0201 0000fc00 400304 c0000263 c00803 fde800') },
  { what: 'ATOMIC_AGGREGATE with a value', wrong: update('400101 00 400206 0201 0000fc00 400304 c0000263 400601 00') },
  { what: 'an unknown attribute', wrong: update('400101 00 400206 0201 0000fc00 400304 c0000263 c0c802 0102') },
  { what: 'a ROUTE-REFRESH of an unknown family', wrong: rawMessage(5, fromHex('4004 00 47')) },
]

function update(attributes: string): Uint8Array {
  const bytes = fromHex(attributes)
  return rawMessage(2, [0, 0, bytes.length >> 8, bytes.length & 255, ...bytes, 32, 203, 0, 113, 1])
}

describe('errors of a BGP peer, on the wire', function () {
  this.timeout(20_000)
  const rows = [...beforeOpen, ...established, ...survived]
  const peers = new Map<object, ScriptedPeer>()
  let speaker: SpeakerUnderTest

  before(async () => {
    speaker = new SpeakerUnderTest(undefined)
    speaker.peers.setNodeAddresses([address('192.0.2.1')])
    const routes = routesFor(['203.0.113.9/32'])
    speaker.peers.setRoutes(new Map(survived.map(row => [`row ${rows.indexOf(row)}`, routes])))
    for (const row of rows) peers.set(row, await ScriptedPeer.listen())
    speaker.peers.setPeers(
      rows.map((row, i) =>
        peerConfig({
          name: `row ${i}`,
          location: { type: 'address', address: address('127.0.0.1') },
          port: peers.get(row)!.port,
          ...('config' in row && row.config),
        }),
      ),
    )
  })

  after(async () => {
    for (const peer of peers.values()) peer.close()
    await speaker?.peers.stop()
  })

  async function check(connection: ScriptedConnection, { wrong, notification, data }: Row): Promise<void> {
    connection.send(wrong)
    assert.equal(await connection.untilEnded(), notification)
    if (data !== undefined) {
      assert.equal(Buffer.from(connection.all('notification')[0]!.data).toString('hex'), data)
    }
  }

  for (const row of beforeOpen) {
    it(`${row.what}, before the session is established`, async () => {
      const connection = await peers.get(row)!.connection()
      await connection.next('open')
      await check(connection, row)
      assert.ok(speaker.session(`row ${rows.indexOf(row)}`)?.lastError)
    })
  }

  for (const row of established) {
    it(`${row.what}, on an established session`, async () => {
      const connection = await peers.get(row)!.connection()
      await connection.establish()
      await speaker.untilState(`row ${rows.indexOf(row)}`, 'Established')
      await check(connection, row)
    })
  }

  for (const row of survived) {
    it(`${row.what} is survived`, async () => {
      const name = `row ${rows.indexOf(row)}`
      const connection = await peers.get(row)!.connection()
      await connection.establish()
      await connection.next('update')
      // The answer to what follows shows that the session goes on.
      connection.send(row.wrong, { type: 'routeRefresh', afi: 1, safi: 1, subtype: 0 })
      await connection.next('update', 3)
      assert.equal(speaker.session(name)?.state, 'Established')
      assert.deepEqual(connection.all('notification'), [])
    })
  }

  it('says nothing to a peer that ends with a NOTIFICATION, and calls again', async () => {
    const row = survived[0]!
    const connection = await peers.get(row)!.connection()
    connection.send({ type: 'notification', code: 6, subcode: 4, data: nothing })
    assert.equal(await connection.untilEnded(), 'silence')
    await (await peers.get(row)!.connection(2)).establish(openOf())
  })
})
