import assert from 'node:assert/strict'
import { createECDH, createPrivateKey, X509Certificate } from 'node:crypto'
import { type CertificateSet, isUsable, renewCertificates } from '../../../src/bin/common/certificates.ts'
import { viewWebhookSecret } from '../../../src/bin/controller/webhook-secret.ts'
import { isRecord } from '../json-fields.ts'
import { jsonFormat, jsonOf, ofJson } from '../json-format.ts'
import type { FuzzTarget } from '../target.ts'

const HOSTS = ['herald-webhook.herald-system.svc', '192.0.2.1']
const NOW_MS = Date.UTC(2026, 10, 21)
const DAY_MS = 86_400_000
const made = renewCertificates(undefined, HOSTS, NOW_MS)
const other = renewCertificates(undefined, HOSTS, NOW_MS - 5_000 * DAY_MS)

/** The parts of the Secret, as PEM; the API server keeps nothing but base64 there. */
export const certificates: FuzzTarget = {
  name: 'certificates',
  hasKeys: true,
  format: jsonFormat(),
  seeds: [made, other, { ...made, key: other.key }, {}].map(ofJson),
  check(input) {
    const value = jsonOf(input)
    const data: Record<string, string> = {}
    const keys = { authorities: 'ca.crt', authorityKey: 'ca.key', certificate: 'tls.crt', key: 'tls.key' }
    for (const [part, key] of Object.entries(keys)) {
      const text = isRecord(value) ? value[part] : undefined
      if (typeof text === 'string') data[key] = Buffer.from(text).toString('base64')
    }
    const { certificates: held } = viewWebhookSecret({ metadata: { name: 'webhook' }, data } as object)
    const usable = isUsable(held)
    assert.equal(usable, isPair(held))
    const renewed = renewCertificates(held, HOSTS, NOW_MS)
    assert.ok(isPair(renewed))
    assert.ok(new X509Certificate(renewed.certificate).verify(new X509Certificate(renewed.authorities).publicKey))
    assert.equal(renewCertificates(renewed, HOSTS, NOW_MS), renewed)
    return renewed === held ? 'kept' : usable ? 'renewed' : 'made anew'
  },
}

/** The same judgement as the code's, made in another way: by the numbers of the key (RFC 5915). */
function isPair({ certificate, key }: CertificateSet): boolean {
  try {
    const { x, y } = new X509Certificate(certificate).publicKey.export({ format: 'jwk' })
    const { d, crv = '' } = createPrivateKey(key).export({ format: 'jwk' })
    if (crv !== 'P-256') return false
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(Buffer.from(String(d), 'base64url'))
    const point = Buffer.concat([
      Buffer.of(4),
      Buffer.from(String(x), 'base64url'),
      Buffer.from(String(y), 'base64url'),
    ])
    return pair.getPublicKey().equals(point)
  } catch {
    return false
  }
}
