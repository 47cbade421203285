import assert from 'node:assert/strict'
import { type AddressPool, parseAddressPool } from '../../../src/config/address-pool.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { type BgpSources, combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'

const namespace = 'metallb-system'
/** each object is younger than the one before */
let day = 0
const metadata = (name: string) => ({ name, namespace, creationTimestamp: new Date(Date.UTC(2026, 0, ++day)) })

/** Objects as they are read, with these specs. */
export const peer = (name: string, spec: object = {}) =>
  parseBgpPeer({
    metadata: metadata(name),
    spec: { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1', ...spec },
  })
export const advertisement = (name: string, spec: object = {}) =>
  parseBgpAdvertisement({ metadata: metadata(name), spec })
export const community = (name: string, aliases: Record<string, string>) =>
  parseCommunity({
    metadata: metadata(name),
    spec: { communities: Object.entries(aliases).map(([alias, value]) => ({ name: alias, value })) },
  })
export const secret = (name: string, password: string, type = 'kubernetes.io/basic-auth') =>
  viewPasswordSecret({ metadata: { name }, type, data: { password: Buffer.from(password).toString('base64') } })
/** A spec that selects the node in this rack. */
export const rack = (name: string) => ({ nodeSelectors: [{ matchLabels: { rack: name } }] })

export function pool(name: string, ...addresses: string[]): AddressPool {
  const parsed = parseAddressPool({ metadata: { name, labels: { pool: name } }, spec: { addresses } })
  assert.ok('pool' in parsed)
  return parsed.pool
}

/** Nodes `node-1` in rack 1 and `node-2` in rack 2. */
export const nodes = ['1', '2'].map(number => ({ name: `node-${number}`, labels: { rack: number } }))

/** The configuration of these objects, and no others. */
export function combine(sources: Partial<BgpSources> = {}) {
  const none = { peers: [], advertisements: [], profiles: [], communities: [], secrets: [], pools: [] }
  return combineBgpConfig({ ...none, nodes, ...sources })
}

export const names = (objects: readonly { readonly name: string }[]) => objects.map(({ name }) => name)
