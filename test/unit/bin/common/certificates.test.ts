import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { isUsable, renewCertificates } from '../../../../src/bin/common/certificates.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 21, 9)
const HOSTS = ['herald-webhook.herald-system.svc', '192.0.2.1', '2001:db8::1']
const make = (nowMs = NOW_MS) => renewCertificates(undefined, HOSTS, nowMs)
const countOf = (pem: string) => pem.match(/BEGIN CERTIFICATE/g)?.length

describe('the certificates of the webhook', () => {
  it('are those of a server, from an authority that can sign nothing but servers', () => {
    const made = make()
    const authority = new X509Certificate(made.authorities)
    const server = new X509Certificate(made.certificate)
    assert.equal(authority.ca, true)
    assert.ok(authority.verify(authority.publicKey))
    assert.ok(authority.checkIssued(authority))
    assert.equal(server.ca, false)
    assert.ok(server.verify(authority.publicKey))
    assert.ok(server.checkIssued(authority))
    assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.equal(server.checkHost('herald-webhook.herald-system.svc'), 'herald-webhook.herald-system.svc')
    assert.equal(server.checkHost('herald-webhook.default.svc'), undefined)
    assert.equal(server.checkIP('192.0.2.1'), '192.0.2.1')
    assert.equal(server.checkIP('2001:db8::1'), '2001:db8::1')
    assert.ok(isUsable(made))
    assert.notEqual(server.serialNumber, authority.serialNumber)
  })

  it('are valid for a year, the authority for ten, and from an hour before', () => {
    const { authorities, certificate } = make()
    const [authority, server] = [new X509Certificate(authorities), new X509Certificate(certificate)]
    assert.equal(server.validFromDate.getTime(), NOW_MS - 3_600_000)
    assert.equal(server.validToDate.getTime(), NOW_MS + 365 * DAY_MS)
    assert.equal(authority.validToDate.getTime(), NOW_MS + 3_650 * DAY_MS)
  })

  it('stay as they are while they are good', () => {
    const made = make()
    assert.equal(renewCertificates(made, HOSTS, NOW_MS + 200 * DAY_MS), made)
  })

  it('are renewed under the same authority, before they expire and after', () => {
    for (const day of [300, 400]) {
      const made = make()
      const renewed = renewCertificates(made, HOSTS, NOW_MS + day * DAY_MS)
      assert.equal(renewed.authorities, made.authorities)
      assert.equal(renewed.authorityKey, made.authorityKey)
      assert.notEqual(renewed.certificate, made.certificate)
      assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(made.authorities).publicKey))
      assert.ok(isUsable(renewed))
    }
  })

  it('are renewed when the hosts are others', () => {
    const made = make()
    const renewed = renewCertificates(made, ['other.svc'], NOW_MS)
    assert.equal(renewed.authorities, made.authorities)
    assert.equal(new X509Certificate(renewed.certificate).subjectAltName, 'DNS:other.svc')
  })

  it('keep the authority before known for as long as it is valid, and no more than one', () => {
    const first = make()
    const second = renewCertificates(first, HOSTS, NOW_MS + 3_300 * DAY_MS)
    assert.equal(countOf(second.authorities), 2)
    assert.ok(second.authorities.endsWith(first.authorities))
    assert.ok(new X509Certificate(second.certificate).verify(new X509Certificate(second.authorities).publicKey))
    const third = renewCertificates(second, HOSTS, NOW_MS + 6_600 * DAY_MS)
    assert.equal(countOf(third.authorities), 2)
    assert.ok(!third.authorities.includes(first.authorities))
    assert.equal(countOf(renewCertificates(third, HOSTS, NOW_MS + 20_000 * DAY_MS).authorities), 1)
  })

  const broken: [what: string, part: object][] = [
    ['the authority’s key is another’s', { authorityKey: make().authorityKey }],
    ['the authority is no certificate', { authorities: 'x' }],
    ['the authority’s key is none', { authorityKey: '' }],
    ['the authority is a server', { authorities: make().certificate }],
    ['the certificate is another authority’s', { certificate: make().certificate, key: make().key }],
    ['the key is another’s', { key: make().key }],
    ['the certificate is none', { certificate: '' }],
  ]
  for (const [what, part] of broken) {
    it(`are made anew when ${what}`, () => {
      const renewed = renewCertificates({ ...make(), ...part }, HOSTS, NOW_MS)
      assert.ok(isUsable(renewed))
      assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(renewed.authorities).publicKey))
    })
  }

  it('are of no use with another key, or unreadable', () => {
    const made = make()
    for (const part of [{ key: make().key }, { key: '' }, { certificate: '' }]) {
      assert.equal(isUsable({ ...made, ...part }), false)
    }
  })

  it('are made anew where a key has been damaged, though the public key in it is the right one', () => {
    const made = make()
    // RFC 5915: the private key is the first octet string of 32, before the public key.
    const damaged = (pem: string) => {
      const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64')
      der[der.indexOf(Buffer.of(0x04, 0x20)) + 20]! ^= 1
      return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
    }
    assert.equal(isUsable({ ...made, key: damaged(made.key) }), false)
    assert.equal(renewCertificates({ ...made, key: damaged(made.key) }, HOSTS, NOW_MS).authorities, made.authorities)
    const renewed = renewCertificates({ ...made, authorityKey: damaged(made.authorityKey) }, HOSTS, NOW_MS)
    assert.notEqual(renewed.authorities, made.authorities)
    assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(renewed.authorities).publicKey))
  })

  it('are made anew where others would not find the authority in its text', () => {
    const made = make()
    const held = { ...made, authorities: `"${made.authorities}`, certificate: '' }
    const renewed = renewCertificates(held, HOSTS, NOW_MS)
    assert.notEqual(renewed.authorityKey, made.authorityKey)
    assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(renewed.authorities).publicKey))
  })
})
