import type { AddressCounters } from '../../../arp/responder.ts'
import type { FrameBatch } from '../../../io/packet-socket.ts'
import type { Address } from '../../../ip/address.ts'
import type { Link } from '../../../layer2/link.ts'
import { macAt } from '../../../wire/in-place.ts'
import type { MacAddress } from '../../../wire/mac-address.ts'

/** One address family on one interface: what is answered, asked, announced and heard there. */
export interface AddressPort {
  readonly link: Link
  /** dropped frames so far, by reason */
  readonly dropped: Readonly<Record<string, number>>
  /** from now on what is said of the address is told by onHeard */
  listen(address: Address): void
  ignore(address: Address): void
  /** from now on requests for the address are answered */
  answer(address: Address, counters: AddressCounters): void
  silence(address: Address): void
  /** asks at once whether anybody uses the address, as one that is about to use it */
  probe(address: Address): void
  /** asks for it at once as any host may */
  inquire(address: Address): void
  /** puts an address down for flush() */
  announce(address: Address, counters: AddressCounters): void
  /** announces the first addresses that were put down; true when more wait */
  flush(): boolean
  /** from now on every request for an answered address is told by onHeard as a probe, for whoever asks may take over */
  leave(): void
  /** throws away what has arrived and was not read yet */
  discard(): void
  close(): void
}

/** An answer is a claim that was sent to this interface alone. */
export type HeardKind = 'probe' | 'claim' | 'answer'

export interface AddressPortInit {
  readonly link: Link
  /** a frame says something of an address that is listened for; the answer to that frame is given afterwards, if the address is still answered */
  onHeard(kind: HeardKind, address: Address, mac: MacAddress): void
  /** called before frames are looked at; true when they are to be left alone, because the process did not run while they came */
  isStale(): boolean
  onError(error: Error): void
}

/** What a frame was sent to this interface alone for is an answer: who sends it hears this node. */
export function kindOf(kind: 'probe' | 'claim', frame: Uint8Array, { mac }: Link): HeardKind {
  return kind === 'claim' && macAt(frame, 0) === mac ? 'answer' : kind
}

interface Responder {
  accept(frame: Uint8Array): AddressCounters | undefined
  answer(request: Uint8Array, reply: Uint8Array): void
}

/** Hears, then answers each frame: an owner that yields to what it hears does not answer it any more. */
export function serveBatch(
  batch: FrameBatch,
  hear: (frame: Uint8Array) => void,
  responder: Responder,
  answerLength: number,
): void {
  for (let i = 0; i < batch.count; i++) {
    const frame = batch.frame(i)
    hear(frame)
    const counters = responder.accept(frame)
    if (!counters) continue
    const reply = batch.reply(answerLength)
    if (!reply) continue
    responder.answer(frame, reply)
    counters.responsesSent++
  }
}
