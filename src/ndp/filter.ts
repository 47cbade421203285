import { ICMPV6, MessageType, Offset } from './layout.ts'

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
 * Lets neighbour solicitations and advertisements through, out of all IPv6 frames that an interface carries, so that the rest never
 * wakes Herald. It looks no further than the type: what is wrong with a message is for the receive rules to say and to count. Messages
 * behind extension headers stay outside; nobody sends such.
 */
export const NDP_FILTER: FilterInstruction[] = [
  { code: LOAD_BYTE, jt: 0, jf: 0, k: Offset.nextHeader },
  { code: JUMP_IF_EQUAL, jt: 0, jf: 3, k: ICMPV6 },
  { code: LOAD_BYTE, jt: 0, jf: 0, k: Offset.type },
  { code: JUMP_IF_EQUAL, jt: 2, jf: 0, k: MessageType.solicitation },
  { code: JUMP_IF_EQUAL, jt: 1, jf: 0, k: MessageType.advertisement },
  { code: RETURN, jt: 0, jf: 0, k: 0 },
  { code: RETURN, jt: 0, jf: 0, k: 0xffff },
]
