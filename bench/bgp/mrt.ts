/** A routing table as a file of the MRT format (RFC 6396 §4.3), which GoBGP takes in at once. */
export function mrtTable(prefixes: readonly number[], { peer, nextHop }: { peer: number; nextHop: number }): Buffer {
  const peerIndex = Buffer.concat([
    u32(0), // collector
    u16(0), // no name of a view
    u16(1),
    u8(2), // a peer with an IPv4 address and an AS number of four octets
    u32(peer),
    u32(peer),
    u32(64_512),
  ])
  const attributes = Buffer.concat([
    Buffer.from([0x40, 1, 1, 0]), // ORIGIN IGP
    Buffer.from([0x40, 2, 0]), // an empty AS_PATH
    Buffer.from([0x40, 3, 4]),
    u32(nextHop),
  ])
  const entry = Buffer.concat([u16(1), u16(0), u32(0), u16(attributes.length), attributes])
  const records = prefixes.map((prefix, sequence) =>
    record(Subtype.ribIpv4Unicast, Buffer.concat([u32(sequence), u8(32), u32(prefix), entry])),
  )
  return Buffer.concat([record(Subtype.peerIndexTable, peerIndex), ...records])
}

const TABLE_DUMP_V2 = 13
const Subtype = { peerIndexTable: 1, ribIpv4Unicast: 2 } as const

function record(subtype: number, body: Buffer): Buffer {
  return Buffer.concat([u32(0), u16(TABLE_DUMP_V2), u16(subtype), u32(body.length), body])
}

function u8(value: number): Buffer {
  return Buffer.from([value])
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
