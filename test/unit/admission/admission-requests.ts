import type { AdmissionRequest, Verdict } from '../../../src/admission/admission-review.ts'
import { decideAdmission } from '../../../src/admission/decide-admission.ts'
import type { AdmissionSnapshot } from '../../../src/admission/snapshot.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'

const namespace = 'herald-system'
export const CREATED = '2026-01-02T03:04:05Z'

/** An object as a user writes it. */
export interface Written {
  kind: string
  metadata: { name: string; namespace: string; creationTimestamp: string; annotations?: Record<string, string> }
  spec: object
}

/** Makes objects of one kind, with these fields in their specs unless the test says otherwise. */
export const make =
  (kind: string, defaults: object = {}) =>
  (name: string, spec: object = {}, annotations?: Record<string, string>): Written => ({
    kind,
    metadata: { name, namespace, creationTimestamp: CREATED, ...(annotations && { annotations }) },
    spec: { ...defaults, ...spec },
  })
export const pool = make('IPAddressPool')
export const reservation = make('AddressReservation')
export const layer2 = make('L2Advertisement')
export const bgp = make('BGPAdvertisement')
export const peer = make('BGPPeer', { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' })
export const profile = make('BFDProfile')
export const community = make('Community')
export const aliases = (...pairs: [string, string][]) => ({
  communities: pairs.map(([name, value]) => ({ name, value })),
})
export const labels = (...values: string[]) => ({
  nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'In', values }] }],
})

/** The configuration that is there already, as a controller holds it. */
export function snapshotOf(objects: readonly Written[] = []): AdmissionSnapshot {
  const of = <Parsed>(kind: string, parse: (object: Written) => Parsed) =>
    objects.filter(object => object.kind === kind).map(parse)
  return {
    namespace,
    pools: of('IPAddressPool', object => object),
    reservations: of('AddressReservation', object => object),
    peers: of('BGPPeer', parseBgpPeer),
    advertisements: of('BGPAdvertisement', parseBgpAdvertisement),
    profiles: of('BFDProfile', parseBfdProfile),
    communities: of('Community', parseCommunity),
    secrets: [viewPasswordSecret({ metadata: { name: 'opaque' }, type: 'Opaque' })],
    nodes: ['1', '2'].map(rack => ({ name: `node-${rack}`, labels: { rack } })),
  }
}

function request(operation: AdmissionRequest['operation'], object: Written, oldObject?: Written): AdmissionRequest {
  const { kind, metadata } = object
  return {
    ...{ uid: 'u', operation, kind, namespace: metadata.namespace, name: metadata.name },
    ...(operation !== 'DELETE' && { object }),
    ...(oldObject && { oldObject }),
  }
}

/** What admission says of an object that is created, edited or deleted, beside those that are there. */
export const create = (object: Written, ...there: Written[]) =>
  decideAdmission(request('CREATE', object), snapshotOf(there))
export const update = (before: Written, after: Written, ...there: Written[]) =>
  decideAdmission(request('UPDATE', after, before), snapshotOf([before, ...there]))
export const remove = (object: Written, ...there: Written[]) =>
  decideAdmission(request('DELETE', object, object), snapshotOf([object, ...there]))

export const ALLOWED: Verdict = { warnings: [] }
