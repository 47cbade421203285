const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nobody listens there, or does not want this node',
  ECONNRESET: 'the peer has reset the connection',
  EPIPE: 'the peer has closed the connection',
  EHOSTUNREACH: 'no route to the peer, or nobody has its address',
  ENETUNREACH: 'no route to the peer',
  ETIMEDOUT: 'the peer does not answer',
  EADDRNOTAVAIL: 'the source address is none of this node',
  ENODEV: 'the VRF device does not exist',
  EPERM: 'not permitted: a firewall rule of the node, or a missing capability',
}

/** Why a connection could not be made or was lost, in words for people; the system's own code stays in it. */
export function connectionCause(error: NodeJS.ErrnoException): string {
  const { code, message } = error
  if (code === undefined) return message
  const known = words[code]
  return known === undefined ? code : `${known} (${code})`
}
