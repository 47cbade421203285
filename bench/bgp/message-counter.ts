import { Framer } from '../../src/bgp/codec/framer.ts'
import { HEADER_LENGTH, MessageType } from '../../src/bgp/codec/layout.ts'
import { UPDATE_LENGTH_FIELDS } from '../../src/bgp/codec/update.ts'

/** The clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Counts the UPDATEs in what one end of a session says. End-of-RIB is none: not every contender sends one. */
export class MessageCounter {
  updates = 0
  /** of all UPDATEs, with their headers */
  octets = 0
  lastUpdateMs = Number.NaN
  #onUpdate: (atMs: number) => void = () => {}
  readonly #framer = new Framer()
  readonly #onMessage: (type: number) => void

  constructor(onMessage: (type: number) => void = () => {}) {
    this.#onMessage = onMessage
  }

  /** When the next UPDATE comes. */
  nextUpdate(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#onUpdate = resolve
    return promise
  }

  push(chunk: Uint8Array): void {
    const nowMs = monotonicMs()
    this.#framer.push(chunk)
    for (let framed = this.#framer.next(); framed; framed = this.#framer.next()) {
      if ('error' in framed) throw new Error(framed.error.reason)
      const { type, body } = framed.frame
      if (type === MessageType.update && body.length > UPDATE_LENGTH_FIELDS) {
        this.updates++
        this.octets += HEADER_LENGTH + body.length
        this.lastUpdateMs = nowMs
        this.#onUpdate(nowMs)
      }
      this.#onMessage(type)
    }
  }
}
