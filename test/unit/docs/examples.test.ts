import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { Allocator } from '../../../src/allocator/allocator.ts'
import { chooseAddresses } from '../../../src/allocator/choose-addresses.ts'
import { parseAddressPool } from '../../../src/config/address-pool.ts'
import { combineReservations, parseAddressReservation } from '../../../src/config/address-reservation.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { combineBgpConfig } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { parseL2Advertisement } from '../../../src/config/l2-advertisement.ts'
import { combinePools } from '../../../src/config/pool-set.ts'
import { describeProblem, type Problem } from '../../../src/config/problem.ts'
import { readRequest } from '../../../src/controller/request.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'
import { viewService } from '../../../src/resources/service.ts'
import { type DocumentedObject, documentedExamples, PAGES } from '../../support/documentation.ts'

/** What Herald itself makes of objects that are applied together. */
interface Judged {
  /** what it refuses, and why */
  readonly problems: string[]
  readonly allocator: Allocator
}

const NODES = ['a', 'b'].map(rack => ({ name: `node-${rack}`, labels: { rack } }))

function judge(objects: readonly DocumentedObject[]): Judged {
  const problems: string[] = []
  const tell = (name: string, problem: Problem) => problems.push(`${name}: ${describeProblem(problem)}`)
  const read = <P extends object>(kind: string, parse: (object: DocumentedObject) => P) =>
    objects.flatMap(object => {
      if (object.kind !== kind) return []
      const parsed = parse(object)
      if ('problem' in parsed) tell(object.metadata.name, parsed.problem as Problem)
      return 'problem' in parsed ? [] : [parsed as Exclude<P, { readonly problem: Problem }>]
    })
  const pools = combinePools(read('IPAddressPool', parseAddressPool).map(({ pool }) => pool))
  const reservations = combineReservations(
    read('AddressReservation', parseAddressReservation).map(({ reservation }) => reservation),
  )
  for (const [name, problem] of [...pools.refused, ...reservations.refused]) tell(name, problem)
  read('L2Advertisement', parseL2Advertisement)
  const { refused, notices } = combineBgpConfig({
    peers: read('BGPPeer', parseBgpPeer),
    advertisements: read('BGPAdvertisement', parseBgpAdvertisement),
    profiles: read('BFDProfile', parseBfdProfile),
    communities: read('Community', parseCommunity),
    secrets: objects.filter(({ kind }) => kind === 'Secret').map(object => viewPasswordSecret(asStored(object))),
    pools: pools.pools,
    nodes: NODES,
  })
  for (const { name, problem } of [...refused, ...notices]) tell(name, problem)
  const allocator = new Allocator()
  allocator.setPools(pools.pools)
  allocator.setReservations(reservations.reservations)
  return { problems, allocator }
}

/** The API server stores `stringData` in base64, as `data`. */
function asStored({ metadata, type, stringData }: DocumentedObject) {
  const entries = Object.entries((stringData ?? {}) as Record<string, string>)
  return { metadata, type: type as string, data: Object.fromEntries(entries.map(([key, text]) => [key, btoa(text)])) }
}

/** A Service with the cluster IPs that the API server would give it in a cluster of both families. */
function viewed(object: DocumentedObject) {
  const spec = object.spec as { ipFamilyPolicy?: string }
  const clusterIPs = ['10.96.0.1', ...(spec.ipFamilyPolicy === 'PreferDualStack' ? ['2001:db8:96::1'] : [])]
  return viewService({ ...object, spec: { ...spec, clusterIPs } })
}

const examples = documentedExamples()
const right = examples.filter(({ refusal }) => !refusal)

describe('the examples of the documentation', () => {
  it('are found', () => {
    assert.ok(right.flatMap(({ objects }) => objects).length >= 20)
    assert.ok(examples.some(({ refusal }) => refusal?.by === 'controller'))
  })

  for (const page of PAGES) {
    const objects = right.filter(example => example.page === page).flatMap(example => example.objects)
    if (objects.length === 0) continue

    it(`stand together in ${page}`, () => {
      assert.deepEqual(judge(objects).problems, [])
    })

    const services = objects.filter(({ kind }) => kind === 'Service')
    if (services.length === 0) continue
    it(`give every Service of ${page} what it asks for`, () => {
      const { allocator } = judge(objects)
      for (const service of services.map(viewed)) {
        const read = readRequest(service, {})
        assert.ok('request' in read, `${service.key}: ${inspect(read)}`)
        const choice = chooseAddresses(read.request, allocator.pools, allocator)
        assert.ok('addresses' in choice, `${service.key}: ${inspect(choice)}`)
        assert.equal(choice.addresses.length, service.clusterIPs.length, service.key)
        allocator.hold(service.key, choice.addresses, read.request.terms)
      }
    })
  }

  for (const { where, objects, refusal } of examples) {
    if (refusal?.by !== 'controller') continue
    it(`that is wrong on purpose at ${where} is refused with these words`, () => {
      const { problems } = judge(objects)
      assert.ok(
        problems.some(problem => problem.includes(refusal.message)),
        problems.join('\n'),
      )
    })
  }
})
