// A router advertisement (RFC 4861 §4.2) in ICMPv6, IPv6 and Ethernet. Up to the checksum it is as in layout.ts; then, offsets in bytes:
//
//   58  current hop limit (1)      62  reachable time, ms (4)
//   59  flags (1)                  66  retransmission timer, ms (4)
//   60  router lifetime, s (2)     70  options
//
// A router solicitation (§4.1) has 4 reserved bytes at 58, and its options at 62.

export const RouterOffset = { lifetime: 60, options: 70 } as const

export const RouterMessageType = { solicitation: 133, advertisement: 134 } as const
