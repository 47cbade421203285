import type { SecureContextOptions } from 'node:tls'
import { type Flag, FlagError, type FlagValues, portFlag } from './flags.ts'

/** The flags that say how both processes serve their metrics. */
export const METRICS_FLAGS = {
  port: { type: 'string', value: 'PORT', default: '9120', help: 'port of the metrics; 0 serves none' },
  host: {
    type: 'string',
    value: 'ADDRESS',
    default: '',
    help: 'address to serve metrics on (default: every address with https, 127.0.0.1 with http)',
  },
  'metrics-protocol': {
    type: 'string',
    value: 'PROTOCOL',
    default: 'https',
    help: 'https: to whoever has a bearer token that the API server knows and the right to get /metrics; http: to anyone, unencrypted',
  },
  'metrics-prefix': {
    type: 'string',
    value: 'NAME',
    default: 'herald',
    help: 'what the names of the metrics begin with; metallb keeps dashboards that were made for MetalLB',
  },
  'metrics-cert-dir': {
    type: 'string',
    value: 'FOLDER',
    default: '',
    help: 'folder with tls.crt and tls.key for https, read again when they change; empty: a certificate signed by itself',
  },
  'tls-min-version': {
    type: 'string',
    value: 'VERSION',
    default: 'VersionTLS13',
    help: 'least version of TLS: VersionTLS12 or VersionTLS13',
  },
  'tls-cipher-suites': {
    type: 'string',
    value: 'NAMES',
    default: '',
    help: 'cipher suites of TLS 1.2, by their IANA names, separated by commas; empty: all that are deemed safe',
  },
  'tls-curve-preferences': {
    type: 'string',
    value: 'NUMBERS',
    default: '',
    help: 'groups for the key exchange, by their IANA numbers, separated by commas, the best first; empty: OpenSSL decides',
  },
} as const satisfies Record<string, Flag>

export interface MetricsSettings {
  /** 0: no metrics */
  readonly port: number
  readonly host: string
  readonly protocol: 'http' | 'https'
  readonly prefix: string
  /** empty: a certificate signed by itself */
  readonly certificateFolder: string
  readonly tls: SecureContextOptions
}

/** @throws FlagError that names the flag with a wrong value */
export function metricsSettings(flags: FlagValues): MetricsSettings {
  const protocol = flags.text('metrics-protocol')
  if (protocol !== 'http' && protocol !== 'https') {
    throw new FlagError(`--metrics-protocol: "${protocol}" is neither http nor https`)
  }
  const prefix = flags.text('metrics-prefix') ?? ''
  // https://prometheus.io/docs/concepts/data_model/
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix)) {
    throw new FlagError(`--metrics-prefix: "${prefix}" is not what the name of a metric can begin with`)
  }
  return {
    port: portFlag(flags, 'port'),
    host: flags.text('host') || (protocol === 'http' ? '127.0.0.1' : '::'),
    protocol,
    prefix,
    certificateFolder: flags.text('metrics-cert-dir') ?? '',
    tls: tlsOptions(flags),
  }
}

/** https://www.iana.org/assignments/tls-parameters: the suites of TLS 1.2 with forward secrecy and authenticated encryption, and OpenSSL's names */
const CIPHER_SUITES: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
])

/** The supported groups of the same registry. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['23', 'P-256'],
  ['24', 'P-384'],
  ['25', 'P-521'],
  ['29', 'X25519'],
  ['4588', 'X25519MLKEM768'],
])

const VERSIONS = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' } as const

function tlsOptions(flags: FlagValues): SecureContextOptions {
  const version = flags.text('tls-min-version') || 'VersionTLS13'
  if (!Object.hasOwn(VERSIONS, version)) {
    throw new FlagError(`--tls-min-version: "${version}" is neither ${Object.keys(VERSIONS).join(' nor ')}`)
  }
  const suites = translated(flags, 'tls-cipher-suites', CIPHER_SUITES)
  if (suites.length > 0 && version === 'VersionTLS13') {
    throw new FlagError(
      '--tls-cipher-suites: TLS 1.3 has no suites to choose from; use it with --tls-min-version=VersionTLS12',
    )
  }
  const groups = translated(flags, 'tls-curve-preferences', GROUPS)
  return {
    minVersion: VERSIONS[version as keyof typeof VERSIONS],
    ...(suites.length > 0 && { ciphers: suites.join(':') }),
    ...(groups.length > 0 && { ecdhCurve: groups.join(':') }),
  }
}

function translated(flags: FlagValues, name: string, known: ReadonlyMap<string, string>): string[] {
  const words = (flags.text(name) ?? '').split(',').map(word => word.trim())
  return words.filter(Boolean).map(word => {
    const translation = known.get(word)
    if (!translation) throw new FlagError(`--${name}: "${word}" is not one of ${[...known.keys()].join(', ')}`)
    return translation
  })
}
