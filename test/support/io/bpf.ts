import type { BpfInstruction } from '../../../src/io/packet-socket.ts'

// linux/bpf_common.h: instruction classes, sizes, modes, operations
const classOf = (code: number) => code & 0x07
const LD = 0x00
const ALU = 0x04
const JMP = 0x05
const RET = 0x06
const AND = 0x50
const JA = 0x00
const JEQ = 0x10
const JGT = 0x20
const JGE = 0x30
const JSET = 0x40
const ABS = 0x20
const IMM = 0x00
const sizes = new Map([
  [0x00, 4],
  [0x08, 2],
  [0x10, 1],
])

/**
 * Runs a classic BPF program as the kernel would: true if it accepts the frame. Knows what filters of packet sockets use
 * (loads at fixed offsets, and, jumps, return of a constant) and throws on the rest, so that a test cannot pass by accident.
 */
export function bpfAccepts(program: readonly BpfInstruction[], frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  let accumulator = 0
  for (let pc = 0; pc < program.length; pc++) {
    const { code, jt, jf, k } = program[pc]!
    switch (classOf(code)) {
      case LD: {
        const size = sizes.get(code & 0x18)!
        if ((code & 0xe0) === IMM) accumulator = k
        else if ((code & 0xe0) !== ABS) throw new Error(`BPF load mode ${code & 0xe0} is not simulated`)
        // a load past the end refuses the frame
        else if (k + size > frame.length) return false
        else accumulator = size === 4 ? view.getUint32(k) : size === 2 ? view.getUint16(k) : view.getUint8(k)
        break
      }
      case ALU:
        if (code !== (ALU | AND)) throw new Error(`BPF operation ${code} is not simulated`)
        accumulator = (accumulator & k) >>> 0
        break
      case JMP:
        pc += (code & 0xf0) === JA ? k : jumps(code & 0xf0, accumulator, k) ? jt : jf
        break
      case RET:
        return k !== 0
      default:
        throw new Error(`BPF instruction ${code} is not simulated`)
    }
  }
  throw new Error('a BPF program has to end with a return')
}

function jumps(operation: number, accumulator: number, k: number): boolean {
  if (operation === JEQ) return accumulator === k
  if (operation === JGT) return accumulator > k
  if (operation === JGE) return accumulator >= k
  if (operation === JSET) return (accumulator & k) !== 0
  throw new Error(`BPF jump ${operation} is not simulated`)
}
