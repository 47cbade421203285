import type { GroupMembership, GroupMembershipInit } from '../../../src/io/multicast.ts'
import { type Address, formatAddress } from '../../../src/ip/address.ts'
import { ALL_NODES_MAC, multicastMac } from '../../../src/ndp/multicast.ts'
import type { MacAddress } from '../../../src/wire/mac-address.ts'
import type { MemoryPort } from './memory-segment.ts'

/** Group memberships on the cards of one host in memory. A card hears all-nodes as soon as the host has joined anything there. */
export class MemoryGroupMembership {
  /** as `INDEX GROUP`, in the order in which they were joined */
  readonly joined = new Set<string>()
  closed = false
  readonly #portOf: (interfaceIndex: number) => MemoryPort | undefined

  constructor(init: { portOf: (interfaceIndex: number) => MemoryPort | undefined }) {
    this.#portOf = init.portOf
  }

  /** An OpenGroupMembership. */
  readonly open = ({ onError }: GroupMembershipInit): GroupMembership => ({
    join: (group, interfaceIndex) => {
      const port = this.#portOf(interfaceIndex)
      if (!port) {
        queueMicrotask(() => onError(Object.assign(new Error('ENODEV, setsockopt'), { code: 'ENODEV' })))
        return
      }
      this.joined.add(keyOf(group, interfaceIndex))
      port.joinGroup(macBytes(ALL_NODES_MAC))
      port.joinGroup(macBytes(multicastMac(BigInt(group.value))))
    },
    leave: (group, interfaceIndex) => {
      this.joined.delete(keyOf(group, interfaceIndex))
      this.#portOf(interfaceIndex)?.leaveGroup(macBytes(multicastMac(BigInt(group.value))))
    },
    close: () => {
      this.closed = true
      this.joined.clear()
    },
  })
}

function keyOf(group: Address, interfaceIndex: number): string {
  return `${interfaceIndex} ${formatAddress(group)}`
}

/** The six bytes of a MAC. */
export function macBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, index) => Math.floor(mac / 2 ** (8 * (5 - index))) % 256)
}
