/** Lines that end in this chunk, or why the stream cannot be read on. */
export type SplitResult = { readonly lines: string[] } | { readonly problem: 'lineTooLong' }

/**
 * Cuts a byte stream into lines. Bytes are joined before they are decoded, so a chunk may end within a character. What
 * stands after the last newline is kept for the next chunk; at the end of the stream it is a line cut short, never a line.
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  #pending: Uint8Array[] = []
  #pendingBytes = 0

  /** @param init.maxLineBytes the longest line taken; etcd holds no object above 1.5 MB by default */
  constructor({ maxLineBytes = 16 * 1024 * 1024 }: { maxLineBytes?: number } = {}) {
    this.#maxLineBytes = maxLineBytes
  }

  /** bytes of a line that has not ended */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Takes the next chunk; empty lines are left out. After a problem the splitter is of no more use. */
  push(chunk: Uint8Array): SplitResult {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end))
      if (this.#pendingBytes > this.#maxLineBytes) return this.#tooLong()
      const line = this.#take()
      if (line !== '') lines.push(line)
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return this.#pendingBytes > this.#maxLineBytes ? this.#tooLong() : { lines }
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  #take(): string {
    const [first] = this.#pending
    const bytes = this.#pending.length === 1 && first ? first : Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    return decoder.decode(bytes).trim()
  }

  #tooLong(): SplitResult {
    this.#pending = []
    this.#pendingBytes = 0
    return { problem: 'lineTooLong' }
  }
}

const NEWLINE = 0x0a
const decoder = new TextDecoder()
