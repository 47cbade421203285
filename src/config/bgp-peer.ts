import { ConnectionMode, type PeerConfig } from '../bgp/peer-config.ts'
import { parsePeerAddresses } from './bgp-peer-addresses.ts'
import { parsePeerTimers } from './bgp-peer-timers.ts'
import {
  checkInteger,
  checkSelectors,
  checkSwitch,
  checkText,
  createdAtMs,
  type Fields,
  isAbsent,
  isEmpty,
  isObject,
} from './field-checks.ts'
import type { Problem } from './problem.ts'
import type { LabelSelector } from './selector.ts'

/** A BGPPeer, read and checked by itself: what it names (Secret, profile) is not looked up yet. */
export interface BgpPeer extends Omit<PeerConfig, 'families' | 'bfd'> {
  readonly namespace: string
  readonly createdAtMs: number
  readonly nodeSelectors: readonly LabelSelector[]
  /** name of a Secret in Herald's namespace */
  readonly passwordSecret?: string
  readonly bfdProfile?: string
  /** the session carries the routes of the other address family too */
  readonly dualStack: boolean
}

export type ParsedBgpPeer = { readonly peer: BgpPeer } | { readonly name: string; readonly problem: Problem }

/** A BGPPeer as the API server sends it, in version v1beta2; nothing in it is trusted. */
export interface BgpPeerResource {
  metadata?: {
    name?: string
    namespace?: string
    creationTimestamp?: string | Date
    annotations?: Record<string, string>
  }
  spec?: object
}

/** On a BGPPeer: who opens the connection. */
const CONNECTION_MODE_ANNOTATION = 'herald.io/connection-mode'
/** On a BGPPeer: how many hops away the peer is at most, proved by the TTL of its packets (RFC 5082). */
const TTL_SECURITY_ANNOTATION = 'herald.io/ttl-security-hops'

/** Assigned by IANA. */
const BGP_PORT = 179
const HIGHEST_AS = 0xffff_ffff
const FARTHEST_HOPS = 254
/** Linux: TCP_MD5SIG_MAXKEYLEN */
const LONGEST_PASSWORD_BYTES = 80

/** Reads one BGPPeer by itself; the first field that is wrong refuses the object and nothing else. */
export function parseBgpPeer({ metadata = {}, spec }: BgpPeerResource): ParsedBgpPeer {
  const { name = '', namespace = '', annotations = {} } = metadata
  const fields = (spec ?? {}) as Fields
  const problem = checkAsNumbers(fields) ?? checkOptions(fields) ?? checkCredentials(fields)
  if (problem) return { name, problem }
  const addresses = parsePeerAddresses(fields)
  if ('problem' in addresses) return { name, problem: addresses.problem }
  const timers = parsePeerTimers(fields)
  if ('problem' in timers) return { name, problem: timers.problem }
  const connection = parseAnnotations(annotations)
  if ('problem' in connection) return { name, problem: connection.problem }

  const { myASN, localASN, peerASN, dynamicASN, password, passwordSecret, bfdProfile } = fields
  const localAs = (localASN ?? myASN) as number
  const peerAs = (peerASN || dynamicASN) as BgpPeer['peerAs']
  const multihop = fields.ebgpMultiHop === true
  if (multihop && localAs === peerAs) {
    const message = `has no meaning on an internal session: both ends are AS ${localAs}`
    return { name, problem: { field: 'spec.ebgpMultiHop', message } }
  }
  const secretName = ((passwordSecret ?? {}) as Fields).name
  return {
    peer: {
      ...{ name, namespace, createdAtMs: createdAtMs(metadata) },
      ...addresses,
      ...timers,
      ...connection,
      ...{ localAs, peerAs, multihop },
      // 0 stands for the default in v1beta1.
      port: (fields.peerPort as number | null | undefined) || BGP_PORT,
      nodeSelectors: (fields.nodeSelectors ?? []) as LabelSelector[],
      gracefulRestart: fields.enableGracefulRestart === true,
      dualStack: fields.dualStackAddressFamily === true,
      ...(!isEmpty(password) && { password: password as string }),
      ...(!isEmpty(secretName) && { passwordSecret: secretName as string }),
      ...(!isEmpty(bfdProfile) && { bfdProfile: bfdProfile as string }),
    },
  }
}

function checkAsNumbers({ myASN, peerASN, dynamicASN, localASN }: Fields): Problem | undefined {
  if (isAbsent(myASN)) return { field: 'spec.myASN', message: 'must be given: the AS number of this end' }
  const problem =
    checkInteger('spec.myASN', myASN, 1, HIGHEST_AS) ??
    checkInteger('spec.peerASN', peerASN, 0, HIGHEST_AS) ??
    checkInteger('spec.localASN', localASN, 1, HIGHEST_AS)
  if (problem) return problem
  if (!isEmpty(dynamicASN) && dynamicASN !== 'internal' && dynamicASN !== 'external') {
    return { field: 'spec.dynamicASN', message: 'must be internal or external' }
  }
  if (!peerASN && isEmpty(dynamicASN)) return { field: 'spec.peerASN', message: 'or dynamicASN must be given' }
  if (peerASN && !isEmpty(dynamicASN)) {
    return { field: 'spec.dynamicASN', message: 'must not be given together with peerASN' }
  }
  return undefined
}

function checkOptions(fields: Fields): Problem | undefined {
  return (
    checkInteger('spec.peerPort', fields.peerPort, 0, 65_535) ??
    checkSelectors('spec.nodeSelectors', fields.nodeSelectors) ??
    checkText('spec.bfdProfile', fields.bfdProfile) ??
    checkSwitch('spec.enableGracefulRestart', fields.enableGracefulRestart) ??
    checkSwitch('spec.ebgpMultiHop', fields.ebgpMultiHop) ??
    checkSwitch('spec.dualStackAddressFamily', fields.dualStackAddressFamily)
  )
}

function checkCredentials({ password, passwordSecret }: Fields): Problem | undefined {
  const problem = checkText('spec.password', password)
  if (problem) return problem
  const length = checkPasswordLength(password as string | undefined)
  if (length) return { field: 'spec.password', message: length }
  if (isAbsent(passwordSecret)) return undefined
  if (!isObject(passwordSecret)) return { field: 'spec.passwordSecret', message: 'must name a Secret' }
  const { name } = passwordSecret
  if (!isEmpty(password) && !isEmpty(name)) {
    return { field: 'spec.passwordSecret', message: 'must not be given together with password' }
  }
  return checkText('spec.passwordSecret.name', name)
}

/** What is wrong with the length of a password, of which the kernel takes so many bytes and no more. */
export function checkPasswordLength(password: string | null | undefined): string | undefined {
  return new TextEncoder().encode(password ?? '').length > LONGEST_PASSWORD_BYTES
    ? `must not be longer than the ${LONGEST_PASSWORD_BYTES} bytes that TCP signatures take`
    : undefined
}

function parseAnnotations(
  annotations: Readonly<Record<string, string>>,
): Pick<BgpPeer, 'mode' | 'ttlSecurityHops'> | { problem: Problem } {
  const mode = annotations[CONNECTION_MODE_ANNOTATION] ?? ConnectionMode.active
  if (!Object.hasOwn(ConnectionMode, mode)) {
    const field = `metadata.annotations["${CONNECTION_MODE_ANNOTATION}"]`
    return { problem: { field, message: `"${mode}" is none of ${Object.keys(ConnectionMode).join(', ')}` } }
  }
  const hops = annotations[TTL_SECURITY_ANNOTATION]
  if (hops === undefined) return { mode: mode as ConnectionMode }
  if (!/^[1-9]\d{0,2}$/.test(hops) || Number(hops) > FARTHEST_HOPS) {
    const field = `metadata.annotations["${TTL_SECURITY_ANNOTATION}"]`
    return { problem: { field, message: `"${hops}" is no whole number from 1 to ${FARTHEST_HOPS}` } }
  }
  return { mode: mode as ConnectionMode, ttlSecurityHops: Number(hops) }
}
