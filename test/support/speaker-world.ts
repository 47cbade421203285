import assert from 'node:assert/strict'
import { poolContains } from '../../src/config/address-pool.ts'
import { type L2Advertisement, parseL2Advertisement } from '../../src/config/l2-advertisement.ts'
import type { SpeakerInterface } from '../../src/resources/speaker-view.ts'
import type { WorldSources } from '../../src/speaker/decisions.ts'
import { ServiceWorld } from './service-world.ts'
import { pool } from './services.ts'

/** A cluster in memory that counts what is read from it. */
export class World extends ServiceWorld implements WorldSources {
  speakers = speakersOf('node-a', 'node-b', 'node-c')
  advertisements: L2Advertisement[] = [advertisement('all')]
  readonly #pools = [pool('pool', ['192.0.2.0/24', '2001:db8::/64'])]

  cluster() {
    return {
      advertisements: this.advertisements,
      nodes: new Map(this.nodes.map(node => [node.name, node])),
      speakers: this.speakers,
      poolOf: (address: Parameters<typeof poolContains>[1]) => this.#pools.find(pool => poolContains(pool, address)),
    }
  }
}

export function advertisement(name: string, spec: object = {}): L2Advertisement {
  const parsed = parseL2Advertisement({ metadata: { name }, spec })
  assert.ok('advertisement' in parsed)
  return parsed.advertisement
}

export function speakersOf(...names: string[]): Map<string, SpeakerInterface[]> {
  return new Map(names.map(name => [name, interfaces('eth0')]))
}

export function interfaces(...names: string[]): SpeakerInterface[] {
  return names.map(name => ({ name, mac: '', addresses: [] }))
}
