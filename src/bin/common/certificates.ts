import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import { type CertificateContent, certificate } from '../../certificates/certificate.ts'
import {
  AUTHORITY_LIFETIME_MS,
  CLOCK_TOLERANCE_MS,
  type HeldCertificates,
  isValid,
  planCertificates,
  SERVER_LIFETIME_MS,
  type Validity,
} from '../../certificates/certificate-plan.ts'

/** Certificates and keys as they are kept: PEM, one certificate or key each, but for `authorities`. */
export interface CertificateSet {
  /** the newest first; then those that some server certificate in use may still come from */
  readonly authorities: string
  /** of the newest authority */
  readonly authorityKey: string
  readonly certificate: string
  readonly key: string
}

const AUTHORITY = 'Herald webhook authority'
const SERVER = 'Herald webhook'

/** An authority that is replaced stays known for as long as certificates from it can be, but no more than one: the list must not grow. */
const KNOWN_AUTHORITIES = 2

/** The set with what has to be new in it; the same object when nothing has. */
export function renewCertificates(
  held: CertificateSet | undefined,
  hosts: readonly string[],
  nowMs: number,
): CertificateSet {
  const read = held && readHeld(held, hosts)
  const plan = planCertificates(read, nowMs)
  if (held && plan === 'keep') return held
  if (held && plan === 'server') return { ...held, ...issueServer(held.authorities, held.authorityKey, hosts, nowMs) }
  const { privateKey, publicKey } = newKey()
  const identifier = identifierOf(publicKey)
  const authority = toPem(
    certificate(
      {
        ...{ serialNumber: newSerialNumber(), subject: AUTHORITY, issuer: AUTHORITY },
        ...validFrom(nowMs, AUTHORITY_LIFETIME_MS),
        ...{ publicKey: derOf(publicKey), keyIdentifier: identifier, issuerKeyIdentifier: identifier },
      },
      bytes => sign('sha256', bytes, privateKey),
    ),
  )
  const authorityKey = pemOf(privateKey)
  const known = (held ? pemBlocks(held.authorities) : []).filter(pem => {
    const validity = validityOf(readCertificate(pem))
    return validity && isValid(validity, nowMs)
  })
  const authorities = [authority, ...known.slice(0, KNOWN_AUTHORITIES - 1)].join('')
  return { authorities, authorityKey, ...issueServer(authority, authorityKey, hosts, nowMs) }
}

/** Whether a server can present the certificate: it can be read, and the key is its own. */
export function isUsable({ certificate: pem, key }: CertificateSet): boolean {
  const read = readCertificate(pem)
  const privateKey = readKey(key)
  return read !== undefined && privateKey !== undefined && isKeyOf(read, privateKey)
}

/** What there is of the set, judged by itself; undefined when not even the authority can be used. */
function readHeld(held: CertificateSet, hosts: readonly string[]): HeldCertificates | undefined {
  const authority = readCertificate(pemBlocks(held.authorities)[0] ?? '')
  const authorityKey = readKey(held.authorityKey)
  const validity = validityOf(authority)
  if (!authority?.ca || !validity || !authorityKey || !isKeyOf(authority, authorityKey)) return undefined
  const server = readCertificate(held.certificate)
  const fits =
    server !== undefined &&
    isUsable(held) &&
    server.verify(authority.publicKey) &&
    hosts.every(host => (isIP(host) ? server.checkIP(host) : server.checkHost(host)) !== undefined)
  const serverValidity = fits ? validityOf(server) : undefined
  return { authority: validity, ...(serverValidity && { server: serverValidity }) }
}

function issueServer(
  authorities: string,
  authorityKey: string,
  hosts: readonly string[],
  nowMs: number,
): Pick<CertificateSet, 'certificate' | 'key'> {
  const issuer = new X509Certificate(authorities)
  const issuerKey = createPrivateKey(authorityKey)
  const { privateKey, publicKey } = newKey()
  const content: CertificateContent = {
    ...{ serialNumber: newSerialNumber(), subject: SERVER, issuer: AUTHORITY, hosts },
    ...validFrom(nowMs, SERVER_LIFETIME_MS),
    publicKey: derOf(publicKey),
    keyIdentifier: identifierOf(publicKey),
    issuerKeyIdentifier: identifierOf(issuer.publicKey),
  }
  return { certificate: toPem(certificate(content, bytes => sign('sha256', bytes, issuerKey))), key: pemOf(privateKey) }
}

function validFrom(nowMs: number, lifetimeMs: number): Validity {
  return { notBeforeMs: nowMs - CLOCK_TOLERANCE_MS, notAfterMs: nowMs + lifetimeMs }
}

function newKey(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** RFC 5280 §4.1.2.2: positive, and different for each certificate of an issuer. */
function newSerialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

/** RFC 7093 §2: the leftmost 160 bits of the SHA-256 of the key. */
function identifierOf(key: KeyObject): Uint8Array {
  return createHash('sha256').update(derOf(key)).digest().subarray(0, 20)
}

function derOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ type: 'spki', format: 'der' })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** RFC 7468 §5 */
function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** RFC 7468 §2: the boundaries are lines of their own, and nobody who is to trust a certificate finds it otherwise. */
function pemBlocks(text: string): string[] {
  const blocks = text.match(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----$/gm) ?? []
  return blocks.map(block => `${block}\n`)
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** A key carries the public key with it, and nothing says that the two belong together: only a signature tells. */
function isKeyOf(certificate: X509Certificate, key: KeyObject): boolean {
  const trial = Buffer.from('Herald')
  try {
    return verify('sha256', trial, certificate.publicKey, sign('sha256', trial, key))
  } catch {
    return false
  }
}

function validityOf(read: X509Certificate | undefined): Validity | undefined {
  if (!read) return undefined
  return { notBeforeMs: read.validFromDate.getTime(), notAfterMs: read.validToDate.getTime() }
}
