import type { PeerSettings } from '../negotiation.ts'
import type { PeerConfig } from '../peer-config.ts'

/**
 * What a change of a field does. `keep`: it holds from the next try, or is another part's business. `restart`: only another session can have
 * it, between the same two speakers, so that the peer may keep the routes meanwhile. `anew`: the speakers or what they agree to keep
 * are others, and the peer has to forget the routes. Routes are no part of this: they change on a session that stays up.
 */
type Effect = 'keep' | 'restart' | 'anew'

const effects: Readonly<Record<keyof PeerConfig | 'routerId', Effect>> = {
  mode: 'keep',
  connectRetrySeconds: 'keep',
  bfd: 'keep',
  port: 'restart',
  password: 'restart',
  holdTimeSeconds: 'restart',
  keepaliveTimeSeconds: 'restart',
  multihop: 'restart',
  ttlSecurityHops: 'restart',
  families: 'restart',
  name: 'anew',
  location: 'anew',
  localAs: 'anew',
  peerAs: 'anew',
  routerId: 'anew',
  sourceAddress: 'anew',
  vrf: 'anew',
  gracefulRestart: 'anew',
}

type Field = keyof typeof effects
const allFields = Object.keys(effects) as Field[]

export interface ConfigurationChange {
  /** the fields that differ, by name */
  readonly fields: readonly string[]
  /** an Established session cannot take them over */
  readonly needsSession: boolean
  /** the next session is between the same two speakers */
  readonly continued: boolean
}

/** What is different, and what it takes. */
export function compareSettings(before: PeerSettings, after: PeerSettings): ConfigurationChange {
  const [old, now] = [flat(before), flat(after)]
  const fields = allFields.filter(field => textOf(old[field]) !== textOf(now[field]))
  return {
    fields,
    needsSession: fields.some(field => effects[field] !== 'keep'),
    continued: fields.every(field => effects[field] !== 'anew'),
  }
}

function flat({ config, routerId }: PeerSettings): Partial<Record<Field, unknown>> {
  return { ...config, routerId }
}

function textOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each))
}
