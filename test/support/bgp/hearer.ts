import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { CodecOptions } from '../../../src/bgp/codec/codec-options.ts'
import { decodeMessage } from '../../../src/bgp/codec/decode-message.ts'
import { Framer } from '../../../src/bgp/codec/framer.ts'
import { endOfRibFamily } from '../../../src/bgp/codec/update.ts'
import type { Message, PathAttributes, UpdateMessage } from '../../../src/bgp/message.ts'
import { formatPrefix } from '../../../src/ip/prefix.ts'

/** A peer that reads messages off the wire and remembers what it was told. */
export class BgpHearer {
  /** by prefix: the attributes that it was last announced with, without the prefixes themselves */
  readonly routes = new Map<string, Omit<PathAttributes, 'mpReach' | 'mpUnreach'> & { mpNextHop?: object }>()
  /** what came, in order: `+3` prefixes announced, `-2` withdrawn, `end 4` End-of-RIB, `refresh 1 begin` … */
  readonly log: string[] = []
  readonly #options: CodecOptions
  readonly #framer: Framer

  constructor(options: CodecOptions) {
    this.#options = options
    this.#framer = new Framer({ maxMessageLength: options.extendedMessage ? 65535 : 4096 })
  }

  hear(bytes: Uint8Array): Message {
    assert.ok(bytes.length <= (this.#options.extendedMessage ? 65535 : 4096), `${bytes.length} octets`)
    this.#framer.push(bytes)
    const framed = this.#framer.next()
    assert.ok(framed && 'frame' in framed)
    const decoded = decodeMessage(framed.frame, this.#options)
    assert.ok('message' in decoded && !decoded.problems, inspect(decoded, { depth: 4 }))
    const { message } = decoded
    if (message.type === 'update') this.#update(message)
    if (message.type === 'routeRefresh') {
      this.log.push(`refresh ${message.afi} ${['ask', 'begin', 'end'][message.subtype]}`)
    }
    return message
  }

  #update(message: UpdateMessage): void {
    const { mpReach, mpUnreach, ...attributes } = message.attributes
    const marker = endOfRibFamily(message)
    if (marker) this.log.push(`end ${marker.afi}`)
    // RFC 7606 §5.1
    const kinds = [message.withdrawn, message.announced, mpReach?.announced ?? [], mpUnreach?.withdrawn ?? []]
    assert.ok(kinds.filter(({ length }) => length > 0).length <= 1)
    const withdrawn = [...message.withdrawn, ...(mpUnreach?.withdrawn ?? [])]
    for (const prefix of withdrawn) {
      assert.ok(this.routes.delete(formatPrefix(prefix)), 'withdrawn, and never announced')
    }
    if (withdrawn.length > 0) this.log.push(`-${withdrawn.length}`)
    const announced = [...message.announced, ...(mpReach?.announced ?? [])]
    const told = mpReach ? { ...attributes, mpNextHop: mpReach.nextHop } : attributes
    for (const prefix of announced) this.routes.set(formatPrefix(prefix), told)
    if (announced.length > 0) this.log.push(`+${announced.length}`)
  }
}
