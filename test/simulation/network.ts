import type { Context } from './context.ts'

/** A frame as far as the protocol looks at it. */
export interface Frame {
  readonly kind: 'probe' | 'inquire' | 'claim' | 'answer'
  readonly segment: number
  readonly address: number
  readonly mac: number
  /** host that sent it */
  readonly from: number
}

export interface FrameReceiver {
  receive(frame: Frame): void
}

/** How bad the segments are. */
export interface Weather {
  loss: number
  /** share of frames that are held up, so that later ones overtake them */
  lateShare: number
  lateMs: number
}

/** Undoes what a fault has done. */
export type Heal = () => void

/**
 * The segments, on which frames travel between hosts (the nodes, and as the last one a foreign host), and the network of liveness, which is
 * cut or not. Cuts are counted, because faults overlap.
 */
export class Network {
  readonly weather: Weather = { loss: 0, lateShare: 0, lateMs: 0 }
  /** switches answer in the name of the host that held an address last, when it is gone */
  answersForTheDead = false
  /** a frame may have been lost, so that nobody can be blamed for what it did not hear */
  unreliable = false
  /** frames sent so far */
  frames = 0
  readonly #context: Context
  readonly #hosts: number
  readonly #receivers: FrameReceiver[] = []
  readonly #segmentCuts: Uint8Array[]
  readonly #carrierCuts: Uint8Array[]
  readonly #livenessCuts: Uint8Array
  /** by segment and address: the last frame in which a host said that it holds it */
  readonly #lastHolders: (Frame | undefined)[][]
  #onChange: () => void = () => {}
  #isGone: (host: number) => boolean = () => false

  constructor(context: Context) {
    this.#context = context
    this.#hosts = context.names.length + 1
    const pairs = this.#hosts ** 2
    this.#segmentCuts = context.links.map(() => new Uint8Array(pairs))
    this.#carrierCuts = context.links.map(() => new Uint8Array(this.#hosts))
    this.#livenessCuts = new Uint8Array(pairs)
    this.#lastHolders = context.links.map(() => [])
  }

  /** The foreign host. */
  get stranger(): number {
    return this.#hosts - 1
  }

  attach(receivers: readonly FrameReceiver[], told: { onChange(): void; isGone(host: number): boolean }): void {
    this.#receivers.push(...receivers)
    this.#onChange = told.onChange
    this.#isGone = told.isGone
  }

  hasCarrier(segment: number, host: number): boolean {
    return this.#carrierCuts[segment]![host] === 0
  }

  /** Whether frames of one host come to the other. */
  hears(segment: number, from: number, to: number): boolean {
    return (
      this.#segmentCuts[segment]![from * this.#hosts + to] === 0 &&
      this.hasCarrier(segment, from) &&
      this.hasCarrier(segment, to)
    )
  }

  /** Whether liveness packets of one node come to the other over a segment's wires. */
  carriesLiveness(segment: number, from: number, to: number): boolean {
    return (
      this.#livenessCuts[from * this.#hosts + to] === 0 &&
      this.hasCarrier(segment, from) &&
      this.hasCarrier(segment, to)
    )
  }

  /** Sends a frame to all hosts, or to one. */
  send(frame: Frame, to?: number): void {
    this.frames++
    if (frame.kind === 'claim' || frame.kind === 'answer') this.#lastHolders[frame.segment]![frame.address] = frame
    else if (this.answersForTheDead) this.#answerForTheDead(frame)
    if (to !== undefined) this.#carry(frame, to)
    else for (let host = 0; host < this.#hosts; host++) if (host !== frame.from) this.#carry(frame, host)
  }

  cutSegment(segment: number, from: number, to: number): Heal {
    this.unreliable = true
    return this.#cut(this.#segmentCuts[segment]!, from * this.#hosts + to)
  }

  cutLiveness(from: number, to: number): Heal {
    return this.#cut(this.#livenessCuts, from * this.#hosts + to)
  }

  cutCarrier(segment: number, host: number): Heal {
    return this.#cut(this.#carrierCuts[segment]!, host)
  }

  #answerForTheDead({ segment, address, from }: Frame): void {
    const holder = this.#lastHolders[segment]![address]
    if (!holder || holder.from === from || !this.#isGone(holder.from)) return
    const answer: Frame = { ...holder, kind: 'answer' }
    this.#context.queue.in(this.#context.random.between(0.1, 0.5), () => {
      if (this.hasCarrier(segment, from)) this.#receivers[from]!.receive(answer)
    })
  }

  #carry(frame: Frame, to: number): void {
    const { random, queue } = this.#context
    const { loss, lateShare, lateMs } = this.weather
    if (!this.hears(frame.segment, frame.from, to)) return
    // An announcement is two frames, a request and a reply: both must get lost.
    if (loss > 0 && random.chance(frame.kind === 'claim' ? loss ** 2 : loss)) return
    const lateByMs = lateShare > 0 && random.chance(lateShare) ? random.between(0, lateMs) : 0
    queue.in(random.between(0.1, 2) + lateByMs, () => {
      if (this.hasCarrier(frame.segment, to)) this.#receivers[to]!.receive(frame)
    })
  }

  #cut(cuts: Uint8Array, index: number): Heal {
    cuts[index]!++
    this.#onChange()
    let healed = false
    return () => {
      if (healed) return
      healed = true
      cuts[index]!--
      this.#onChange()
    }
  }
}
