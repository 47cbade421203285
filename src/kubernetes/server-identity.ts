import { X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { checkServerIdentity as checkByNode, type PeerCertificate } from 'node:tls'

/**
 * Whether a server's certificate is for the host that was called (RFC 9110 §4.3.4), as `tls.checkServerIdentity` tells.
 * Node's own, from 24.17 on, finds no IPv6 address in any certificate (nodejs/node#64144): a cluster whose Services have
 * IPv6 addresses would be out of reach.
 * @returns undefined: it is
 */
export function checkServerIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  if (!isIPv6(host)) return checkByNode(host, certificate)
  if (new X509Certificate(certificate.raw).checkIP(host) !== undefined) return undefined
  const names = certificate.subjectaltname ?? 'no names'
  return Object.assign(new Error(`the server's certificate is not for ${host}: it has ${names}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
}
