/** A frame as a capture holds it. */
export interface PcapFrame {
  /** by the kernel's clock, milliseconds since 1970 with a fraction */
  timeMs: number
  /** valid for ever */
  bytes: Buffer
}

const FILE_HEADER = 24
const FRAME_HEADER = 16
const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d

/** Reads the stream that `tcpdump -w -` writes on a little-endian machine, in pieces of any length. */
export class PcapReader {
  #rest: Buffer = Buffer.alloc(0)
  #unitMs: number | undefined

  /** @throws Error when the stream is no capture of Ethernet frames */
  read(chunk: Buffer): PcapFrame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: PcapFrame[] = []
    if (this.#unitMs === undefined && bytes.length >= FILE_HEADER) {
      this.#unitMs = unitOf(bytes)
      bytes = bytes.subarray(FILE_HEADER)
    }
    while (this.#unitMs !== undefined && bytes.length >= FRAME_HEADER) {
      const end = FRAME_HEADER + bytes.readUInt32LE(8)
      if (bytes.length < end) break
      const timeMs = bytes.readUInt32LE(0) * 1000 + bytes.readUInt32LE(4) * this.#unitMs
      frames.push({ timeMs, bytes: bytes.subarray(FRAME_HEADER, end) })
      bytes = bytes.subarray(end)
    }
    this.#rest = bytes
    return frames
  }
}

function unitOf(header: Buffer): number {
  const magic = header.readUInt32LE(0)
  if (header.readUInt32LE(20) !== 1) throw new Error('the capture is not of Ethernet frames')
  if (magic === MICROSECONDS) return 1e-3
  if (magic === NANOSECONDS) return 1e-6
  throw new Error('this is no capture in pcap format')
}
