/** What a session has negotiated, as far as it changes how messages are read and written. */
export interface CodecOptions {
  /** both ends speak AS numbers of four octets (RFC 6793) */
  readonly fourOctetAs: boolean
  /** the peer is of the same AS */
  readonly internal: boolean
  /** messages other than OPEN and KEEPALIVE may have up to 65535 octets (RFC 8654) */
  readonly extendedMessage: boolean
  /** IPv4 prefixes may have an IPv6 next hop (RFC 8950) */
  readonly extendedNextHop: boolean
}

/** Before the OPEN messages are exchanged, and for a peer without capabilities. */
export const BASIC_OPTIONS: CodecOptions = {
  fourOctetAs: false,
  internal: false,
  extendedMessage: false,
  extendedNextHop: false,
}
