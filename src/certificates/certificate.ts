import { type Address, parseAddress } from '../ip/address.ts'
import {
  bitString,
  booleanTrue,
  contextSpecific,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  time,
  utf8String,
} from './der.ts'

/** A certificate of X.509 version 3 (RFC 5280) with an ECDSA signature: an authority's, or a server's. */
export interface CertificateContent {
  /** positive, at most 20 octets (RFC 5280 §4.1.2.2) */
  readonly serialNumber: Uint8Array
  readonly subject: string
  readonly issuer: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SubjectPublicKeyInfo in DER */
  readonly publicKey: Uint8Array
  /** SHA-1 or another digest of the public key, and of the issuer's */
  readonly keyIdentifier: Uint8Array
  readonly issuerKeyIdentifier: Uint8Array
  /** DNS names and IP addresses of a server; undefined: an authority, which signs server certificates and no other authority */
  readonly hosts?: readonly string[]
}

const OBJECT = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const

/** RFC 5280 §4.2.1.3, as bits from the left, with how many of the octet are unused. */
const KEY_USAGE = {
  authority: bitString(Uint8Array.of(0b0000_0110), 1), // keyCertSign, cRLSign
  server: bitString(Uint8Array.of(0b1000_0000), 7), // digitalSignature
} as const

/**
 * Writes and signs a certificate.
 *
 * @param sign ECDSA with SHA-256 by the issuer's key, its result in DER (RFC 3279 §2.2.3)
 * @returns DER
 */
export function certificate(content: CertificateContent, sign: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = sequence(objectIdentifier(OBJECT.ecdsaWithSha256))
  const toBeSigned = sequence(
    contextSpecific(0, positiveInteger(Uint8Array.of(2)), { constructed: true }), // version 3
    positiveInteger(content.serialNumber),
    algorithm,
    name(content.issuer),
    sequence(time(content.notBeforeMs), time(content.notAfterMs)),
    name(content.subject),
    content.publicKey,
    contextSpecific(3, sequence(...extensions(content)), { constructed: true }),
  )
  return sequence(toBeSigned, algorithm, bitString(sign(toBeSigned)))
}

function extensions({ hosts, keyIdentifier, issuerKeyIdentifier }: CertificateContent): Uint8Array[] {
  const identifiers = [
    extension(OBJECT.subjectKeyIdentifier, octetString(keyIdentifier)),
    extension(OBJECT.authorityKeyIdentifier, sequence(contextSpecific(0, issuerKeyIdentifier))),
  ]
  if (!hosts) {
    // cA, pathLenConstraint 0: nothing but servers below it
    const constraints = sequence(booleanTrue(), positiveInteger(Uint8Array.of(0)))
    return [
      ...identifiers,
      criticalExtension(OBJECT.basicConstraints, constraints),
      criticalExtension(OBJECT.keyUsage, KEY_USAGE.authority),
    ]
  }
  return [
    ...identifiers,
    criticalExtension(OBJECT.basicConstraints, sequence()),
    criticalExtension(OBJECT.keyUsage, KEY_USAGE.server),
    extension(OBJECT.extendedKeyUsage, sequence(objectIdentifier(OBJECT.serverAuth))),
    extension(OBJECT.subjectAltName, sequence(...hosts.map(generalName))),
  ]
}

function extension(identifier: string, content: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(identifier), octetString(content))
}

function criticalExtension(identifier: string, content: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(identifier), booleanTrue(), octetString(content))
}

function name(commonName: string): Uint8Array {
  return sequence(setOf(sequence(objectIdentifier(OBJECT.commonName), utf8String(commonName))))
}

/** RFC 5280 §4.2.1.6: dNSName is [2], iPAddress [7] with the octets of the address. */
function generalName(host: string): Uint8Array {
  const address = parseAddress(host)
  return address ? contextSpecific(7, octetsOf(address)) : contextSpecific(2, new TextEncoder().encode(host))
}

function octetsOf({ family, value }: Address): Uint8Array {
  const hex = value.toString(16).padStart(family === 4 ? 8 : 32, '0')
  return Uint8Array.from(hex.match(/../g) ?? [], octet => Number.parseInt(octet, 16))
}
