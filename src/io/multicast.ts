import { constants } from 'node:os'
import { type Address, formatAddress } from '../ip/address.ts'
import { addressToBytes } from './address-bytes.ts'
import { type NativeHandle, native } from './native.ts'
import { systemError } from './system-error.ts'

/**
 * IPv6 multicast groups that this node is a member of, for everyone on the segment to see: the interface receives the group's frames, and
 * the kernel reports the membership by MLD (RFC 3810), for the switches that pass a group on only to ports where a member was reported. A packet
 * socket's own membership sends no report. Nothing is received here: that is what packet sockets are for.
 */
export interface GroupMembership {
  /**
   * Joins; does nothing when it is a member already. What the kernel refuses goes to onError after this call has returned, and the next call tries
   * again: ENODEV when there is no such interface, EINVAL when it has no IPv6. A membership outlives the interface's going down and coming back; when
   * it is deleted, another of that name has another index.
   */
  join(group: Address, interfaceIndex: number): void
  /** Leaves; does nothing when it is no member. Needed also for an interface that is gone, whose memberships take up room till then. */
  leave(group: Address, interfaceIndex: number): void
  /** Leaves all groups at once. */
  close(): void
}

export interface GroupMembershipInit {
  /** `code` and `syscall` as the kernel has them; the message names group and interface */
  onError(error: Error): void
}

export type OpenGroupMembership = (init: GroupMembershipInit) => GroupMembership

/** Opens no socket before the first join. */
export const openGroupMembership: OpenGroupMembership = init => new SystemGroupMembership(init)

const { ENOBUFS, ENOMEM } = constants.errno

interface Membership {
  readonly socket: MemberSocket
  readonly bytes: Uint8Array
}

/** One socket holds as many memberships as net.core.optmem_max has room for: 200 to 2,000. Then there has to be another. */
interface MemberSocket {
  readonly handle: NativeHandle
  members: number
  full: boolean
}

class SystemGroupMembership implements GroupMembership {
  readonly #onError: (error: Error) => void
  readonly #sockets = new Set<MemberSocket>()
  readonly #memberships = new Map<string, Membership>()
  #closed = false

  constructor(init: GroupMembershipInit) {
    this.#onError = init.onError
  }

  join(group: Address, interfaceIndex: number): void {
    const key = keyOf(group, interfaceIndex)
    if (this.#closed || this.#memberships.has(key)) return
    if (group.family !== 6) throw new TypeError('only IPv6 groups are joined')
    const bytes = addressToBytes(group)
    try {
      const socket = this.#add(bytes, interfaceIndex)
      this.#memberships.set(key, { socket, bytes })
    } catch (cause) {
      const { errno, syscall } = cause as { errno: number; syscall: string }
      const error = systemError(-errno, syscall, `joining ${formatAddress(group)} on interface ${interfaceIndex}`)
      queueMicrotask(() => this.#closed || this.#onError(error))
    }
  }

  leave(group: Address, interfaceIndex: number): void {
    const key = keyOf(group, interfaceIndex)
    const membership = this.#memberships.get(key)
    if (!membership) return
    this.#memberships.delete(key)
    const { socket, bytes } = membership
    socket.members--
    socket.full = false
    // What goes wrong when leaving (the interface is gone) leaves nothing to do.
    if (socket.members > 0) native().groupsMembership(socket.handle, bytes, interfaceIndex, 0)
    else this.#closeSocket(socket)
  }

  close(): void {
    this.#closed = true
    this.#memberships.clear()
    for (const socket of this.#sockets) this.#closeSocket(socket)
  }

  /** @throws Error of the system when no socket can join */
  #add(bytes: Uint8Array, interfaceIndex: number): MemberSocket {
    for (;;) {
      const socket = this.#socketWithRoom()
      const number = native().groupsMembership(socket.handle, bytes, interfaceIndex, 1)
      if (number === 0) {
        socket.members++
        return socket
      }
      if ((number === ENOBUFS || number === ENOMEM) && socket.members > 0) {
        socket.full = true
        continue
      }
      if (socket.members === 0) this.#closeSocket(socket)
      throw systemError(number, 'setsockopt IPV6_JOIN_GROUP')
    }
  }

  #socketWithRoom(): MemberSocket {
    for (const socket of this.#sockets) if (!socket.full) return socket
    const socket = { handle: native().groupsOpen(), members: 0, full: false }
    this.#sockets.add(socket)
    return socket
  }

  #closeSocket(socket: MemberSocket): void {
    this.#sockets.delete(socket)
    native().close(socket.handle)
  }
}

function keyOf(group: Address, interfaceIndex: number): string {
  return `${interfaceIndex} ${group.value}`
}
