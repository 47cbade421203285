import type { KubernetesObject } from '../../kubernetes/resources.ts'
import type { CertificateSet } from '../common/certificates.ts'

/** The Secret with the webhook's certificates, cut to what is used. */
export interface WebhookSecretView {
  readonly resourceVersion: string
  readonly certificates: CertificateSet
}

/** By part of the set: two of the keys are those of the type kubernetes.io/tls. */
const KEYS: Readonly<Record<keyof CertificateSet, string>> = {
  authorities: 'ca.crt',
  authorityKey: 'ca.key',
  certificate: 'tls.crt',
  key: 'tls.key',
}

type Secret = KubernetesObject & { type?: string; data?: Record<string, string> | null }

/** Whatever is missing is empty, and found wanting when it is used. */
export function viewWebhookSecret(object: KubernetesObject): WebhookSecretView {
  const { metadata, data } = object as Secret
  const textOf = (part: keyof CertificateSet) =>
    Buffer.from(String(data?.[KEYS[part]] ?? ''), 'base64').toString('utf8')
  return {
    resourceVersion: metadata?.resourceVersion ?? '',
    certificates: {
      authorities: textOf('authorities'),
      authorityKey: textOf('authorityKey'),
      certificate: textOf('certificate'),
      key: textOf('key'),
    },
  }
}

export function webhookSecret(ref: { namespace: string; name: string }, certificates: CertificateSet): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...ref,
      labels: { 'app.kubernetes.io/name': 'herald', 'app.kubernetes.io/managed-by': 'herald-controller' },
    },
    type: 'kubernetes.io/tls',
    data: webhookSecretData(certificates),
  }
}

export function webhookSecretData(certificates: CertificateSet): Record<string, string> {
  const parts = Object.entries(KEYS) as [keyof CertificateSet, string][]
  return Object.fromEntries(parts.map(([part, key]) => [key, Buffer.from(certificates[part]).toString('base64')]))
}
