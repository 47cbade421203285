import { type Fields, isAbsent, isEmpty, isObject } from '../config/field-checks.ts'

/** On a BGPPeer of version v1beta1: its fields that v1beta2 alone has, as JSON, so that a write by v1beta1 does not lose them. */
export const STASH_ANNOTATION = 'herald.io/bgppeer-v1beta2'

const GROUP = 'metallb.io/'
export const BGP_PEER_VERSIONS = ['v1beta1', 'v1beta2'] as const
export type BgpPeerVersion = (typeof BGP_PEER_VERSIONS)[number]

/** What v1beta1 has; name and meaning are those of v1beta2. */
const COMMON_FIELDS = [
  'myASN',
  'peerASN',
  'peerAddress',
  'sourceAddress',
  'peerPort',
  'holdTime',
  'keepaliveTime',
  'routerID',
  'nodeSelectors',
  'password',
  'bfdProfile',
  'ebgpMultiHop',
]

/** What v1beta1 demands and v1beta2 may leave out, with the value that stands for nothing there. */
const NOTHING: Readonly<Record<string, unknown>> = { peerASN: 0, peerAddress: '' }

/** What v1beta2 alone has, with the field of v1beta1 that takes its place as soon as somebody sets it there. */
const LATER_FIELDS: Readonly<Record<string, string | undefined>> = {
  dynamicASN: 'peerASN',
  interface: 'peerAddress',
  passwordSecret: 'password',
  localASN: undefined,
  connectTime: undefined,
  enableGracefulRestart: undefined,
  vrf: undefined,
  disableMP: undefined,
  dualStackAddressFamily: undefined,
}

/**
 * Converts a BGPPeer between its versions, either way and without loss: what v1beta1 has no field for goes into an annotation and comes back
 * from it. Status and all other metadata stay as they are.
 */
export function convertBgpPeer(object: Fields, version: BgpPeerVersion): Fields {
  const apiVersion = GROUP + version
  if (object.apiVersion === apiVersion) return object
  const spec = isObject(object.spec) ? object.spec : {}
  const metadata = isObject(object.metadata) ? object.metadata : {}
  if (version === 'v1beta1') {
    const later = pick(spec, Object.keys(LATER_FIELDS), (value, field) => !isAbsent(value) && !isDefault(value, field))
    const stash = Object.keys(later).length > 0 ? JSON.stringify(later) : undefined
    const common = pick(spec, COMMON_FIELDS, value => !isAbsent(value))
    return { ...object, apiVersion, metadata: annotated(metadata, stash), spec: { ...NOTHING, ...common } }
  }
  // 0 stands for the default in v1beta1; v1beta2 has no such port.
  const common = pick(
    spec,
    COMMON_FIELDS,
    (value, field) => !(isNothing(value) && (field in NOTHING || field === 'peerPort')),
  )
  const later = pick(readStash(metadata), Object.keys(LATER_FIELDS), (_value, field) => {
    const rival = LATER_FIELDS[field]
    return rival === undefined || isNothing(spec[rival])
  })
  return { ...object, apiVersion, metadata: annotated(metadata, undefined), spec: { ...common, ...later } }
}

/** The API server puts `false` where v1beta2 has these defaults: it is not worth an annotation. */
function isDefault(value: unknown, field: string): boolean {
  return value === false && (field === 'disableMP' || field === 'dualStackAddressFamily')
}

function isNothing(value: unknown): boolean {
  return isEmpty(value) || value === 0
}

function pick(from: Fields, fields: readonly string[], wanted: (value: unknown, field: string) => boolean): Fields {
  return Object.fromEntries(
    fields.flatMap(field => (Object.hasOwn(from, field) && wanted(from[field], field) ? [[field, from[field]]] : [])),
  )
}

/** Anybody may edit an annotation: what is no object counts as none, and the API server checks the fields as any others. */
function readStash({ annotations }: Fields): Fields {
  const text = isObject(annotations) ? annotations[STASH_ANNOTATION] : undefined
  if (typeof text !== 'string') return {}
  try {
    const stash: unknown = JSON.parse(text)
    return isObject(stash) ? stash : {}
  } catch {
    return {}
  }
}

function annotated(metadata: Fields, stash: string | undefined): Fields {
  const { annotations, ...rest } = metadata
  const { [STASH_ANNOTATION]: _stash, ...others } = isObject(annotations) ? annotations : {}
  const all = { ...others, ...(stash !== undefined && { [STASH_ANNOTATION]: stash }) }
  return Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest
}
