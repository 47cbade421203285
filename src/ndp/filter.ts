import { ICMPV6, MessageType, Offset } from './layout.ts'
import { RouterMessageType } from './router-advertisement-layout.ts'

/** One instruction of a classic BPF program, as packet sockets take it. */
export interface FilterInstruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

// linux/bpf_common.h
const LOAD_BYTE = 0x30
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06

/**
 * Lets some types of ICMPv6 messages through, out of all IPv6 frames that an interface carries, so that the rest never wakes Herald. It looks no
 * further than the type: what is wrong with a message is for the receive rules to say and to count. Messages behind extension headers stay
 * outside; nobody sends such.
 */
function typesFilter(...types: readonly number[]): FilterInstruction[] {
  return [
    { code: LOAD_BYTE, jt: 0, jf: 0, k: Offset.nextHeader },
    { code: JUMP_IF_EQUAL, jt: 0, jf: types.length + 1, k: ICMPV6 },
    { code: LOAD_BYTE, jt: 0, jf: 0, k: Offset.type },
    ...types.map((k, index) => ({ code: JUMP_IF_EQUAL, jt: types.length - index, jf: 0, k })),
    { code: RETURN, jt: 0, jf: 0, k: 0 },
    { code: RETURN, jt: 0, jf: 0, k: 0xffff },
  ]
}

/** Neighbour solicitations and advertisements. */
export const NDP_FILTER = typesFilter(MessageType.solicitation, MessageType.advertisement)

export const ROUTER_ADVERTISEMENT_FILTER = typesFilter(RouterMessageType.advertisement)
