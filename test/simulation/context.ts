import type { Address } from '../../src/ip/address.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from './random.ts'

/** One address of the simulated cluster. */
export interface SimulatedAddress {
  readonly index: number
  readonly key: string
  readonly address: Address
  /** an owner tells everybody when it answers a probe, as neighbour discovery does, and not the asker alone, as ARP does */
  readonly answersToAll: boolean
  /** the nodes that may announce it are those with an endpoint (externalTrafficPolicy Local): one that has just got its first is patient */
  readonly local: boolean
}

/** What every part of a simulation knows. */
export interface Context {
  readonly queue: EventQueue
  readonly random: Random
  /** names of the nodes; everything else refers to them by index */
  readonly names: readonly string[]
  /** names of the interfaces, the same on every node, one for each segment */
  readonly links: readonly string[]
  readonly addresses: readonly SimulatedAddress[]
  /** how many others a node may watch */
  readonly watchedMax: number
  /** tells the story; undefined when nobody listens, so that no text is made in vain */
  readonly trace: ((text: string) => void) | undefined
}
