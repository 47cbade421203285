import { parseBfdProfile } from '../config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../config/bgp-advertisement.ts'
import { combineAliases, resolveCommunities } from '../config/bgp-communities.ts'
import { parseBgpPeer } from '../config/bgp-peer.ts'
import { resolvePeer } from '../config/bgp-peer-references.ts'
import { type CommunityAliases, parseCommunity } from '../config/community.ts'
import type { Fields } from '../config/field-checks.ts'
import { compareAge } from '../config/field-checks.ts'
import { describeProblem } from '../config/problem.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import type { AdmissionRequest, Verdict } from './admission-review.ts'
import { type BgpState, bgpStateOf, newlyRefused, replaced } from './bgp-change.ts'
import { unknownNames, unknownPools } from './judge-l2-advertisement.ts'
import { registryOf } from './judge-pool.ts'
import { problemOf, same } from './own-problem.ts'
import type { AdmissionSnapshot } from './snapshot.ts'

/** The youngest of all: who stands goes on standing, even when two are created within the second of a creationTimestamp. */
const YOUNGEST_MS = Number.POSITIVE_INFINITY

export function judgePeer(request: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const { object = { metadata: {} }, operation } = request
  const deprecated = (object.spec as Fields | undefined)?.disableMP === true
  const warnings = deprecated ? ['spec.disableMP is deprecated: nothing depends on it'] : []
  const own = refusedByItself(parseBgpPeer, request)
  if (own) return { ...own, warnings }
  const parsed = parseBgpPeer(object)
  if ('problem' in parsed) return { warnings }
  const peer = operation === 'CREATE' ? { ...parsed.peer, createdAtMs: YOUNGEST_MS } : parsed.peer
  const state = bgpStateOf(snapshot, [])
  const peers = replaced(state.peers, item => ('peer' in item ? item.peer.name : item.name), { peer })
  const refused = newlyRefused(state, { ...state, peers })
  // Where a peer differs from an elder one on some nodes, it is in force there.
  const duplicate = refused.find(({ partly }) => !partly)
  if (duplicate) return { refusal: `${describeRefused(duplicate, request)}: it already exists`, warnings }
  warnings.push(...refused.map(object => describeRefused(object, request)))
  const secrets = new Map([...snapshot.secrets].map(secret => [secret.name, secret]))
  const profiles = new Map(
    [...snapshot.profiles].flatMap(item => ('profile' in item ? [[item.profile.name, item.profile]] : [])),
  )
  const resolved = resolvePeer(peer, { secrets, profiles })
  if ('refused' in resolved) warnings.push(`no session is held for now: ${describeProblem(resolved.refused.problem)}`)
  return { warnings }
}

export function judgeBgpAdvertisement(request: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const { object = { metadata: {} }, operation } = request
  const own = refusedByItself(parseBgpAdvertisement, request)
  if (own) return own
  const parsed = parseBgpAdvertisement(object)
  if ('problem' in parsed) return { warnings: [] }
  const { advertisement: written } = parsed
  const advertisement = operation === 'CREATE' ? { ...written, createdAtMs: YOUNGEST_MS } : written
  const state = bgpStateOf(snapshot, registryOf(snapshot).pools)
  const nameOf = (item: (typeof advertisements)[number]) =>
    'advertisement' in item ? item.advertisement.name : item.name
  const advertisements = [...state.advertisements]
  const after = { ...state, advertisements: replaced(advertisements, nameOf, { advertisement }) }
  const refusal = firstRefusal(state, after, request)
  if (refusal !== undefined) return { refusal, warnings: [] }

  const warnings = unknownPools(advertisement, snapshot)
  const peers = [...snapshot.peers].map(item => ('peer' in item ? item.peer.name : item.name))
  warnings.push(...unknownNames('spec.peers', 'BGPPeer', advertisement.peers, peers))
  const aliases = combineAliases(readableCommunities(snapshot)).values
  const resolved = resolveCommunities(advertisement, aliases)
  if ('refused' in resolved)
    warnings.push(`nothing is announced by it for now: ${describeProblem(resolved.refused.problem)}`)
  return { warnings }
}

export function judgeCommunity(request: AdmissionRequest, snapshot: AdmissionSnapshot): Verdict {
  const own = refusedByItself(parseCommunity, request)
  if (own) return own
  const parsed = parseCommunity(request.object ?? {})
  if ('problem' in parsed) return { warnings: [] }
  const { community: written } = parsed
  const community = request.operation === 'CREATE' ? { ...written, createdAtMs: YOUNGEST_MS } : written
  const state = bgpStateOf(snapshot, [])
  const nameOf = (item: (typeof communities)[number]) => ('community' in item ? item.community.name : item.name)
  const communities = [...state.communities]
  const refusal = firstRefusal(state, { ...state, communities: replaced(communities, nameOf, { community }) }, request)
  return { ...(refusal !== undefined && { refusal }), warnings: [] }
}

export function judgeProfile(request: AdmissionRequest): Verdict {
  const own = refusedByItself(parseBfdProfile, request)
  if (own) return own
  const parsed = parseBfdProfile(request.object ?? {})
  const echo = 'profile' in parsed && parsed.profile.echoMode
  return { warnings: echo ? ['spec.echoMode: Herald has no echo function; sessions are held without it'] : [] }
}

/** A profile that a peer names must stay: without it the peer would be refused, and its sessions end. */
export function judgeProfileDeletion({ name }: AdmissionRequest, { peers }: AdmissionSnapshot): Verdict {
  const users = [...peers].flatMap(item =>
    'peer' in item && item.peer.bfdProfile === name ? [`"${item.peer.name}"`] : [],
  )
  if (users.length === 0) return { warnings: [] }
  const refusal = `failed to delete BFDProfile "${name}": it is used by the BGPPeer ${users.sort().join(', ')}`
  return { refusal, warnings: [] }
}

function refusedByItself(parse: Parameters<typeof problemOf>[0], request: AdmissionRequest): Verdict | undefined {
  const problem = problemOf(parse, request.object)
  if (!problem || same(problemOf(parse, request.oldObject), problem)) return undefined
  return { refusal: describeProblem(problem), warnings: [] }
}

/** The first object that this write would have refused; of one kind alone, for the others may come and go by themselves. */
function firstRefusal(before: BgpState, after: BgpState, request: AdmissionRequest): string | undefined {
  const refused = newlyRefused(before, after).filter(({ kind }) => kind === request.kind)
  const first = refused.find(({ name }) => name === request.name) ?? refused[0]
  return first && describeRefused(first, request)
}

function describeRefused({ kind, name, problem }: RefusedObject, request: AdmissionRequest): string {
  const own = kind === request.kind && name === request.name
  return own ? describeProblem(problem) : `the ${kind} "${name}" would be refused: ${describeProblem(problem)}`
}

function readableCommunities({ communities }: AdmissionSnapshot): CommunityAliases[] {
  return [...communities].flatMap(item => ('community' in item ? [item.community] : [])).sort(compareAge)
}
