import { LEASE_DURATION_MS, LEASE_RENEW_MS } from './api-server.ts'
import type { LinkThread } from './link-thread.ts'
import type { SpeakerNodeComponents, SpeakerProcess } from './speaker-process.ts'

const STATUS_INTERVAL_MS = 1_000

/** What a speaker writes: its Lease, which says that it lives, and its status, which says what it owns. */
export class Registration {
  readonly #components: SpeakerNodeComponents
  readonly #process: SpeakerProcess
  readonly #link: LinkThread
  #renewing = false
  #renewedMs = 0
  #writtenOwned = 0
  #statusDueMs = 0
  #statusPlanned = false

  constructor(components: SpeakerNodeComponents, init: { process: SpeakerProcess; link: LinkThread }) {
    this.#components = components
    this.#process = init.process
    this.#link = init.link
  }

  get renewing(): boolean {
    return this.#renewing
  }

  /** The Lease ran out since it was renewed last. */
  get hasRunOut(): boolean {
    return this.#components.context.queue.nowMs - this.#renewedMs > LEASE_DURATION_MS
  }

  end(): void {
    this.#writtenOwned = 0
    this.#statusPlanned = false
  }

  /** The Lease is renewed while the process runs and reaches the API server: one of these may have changed. */
  follow(): void {
    const { api } = this.#components
    const { index, running, synced, paused } = this.#process
    const renewing = running && synced && !paused && api.isReachableFrom(index)
    if (renewing === this.#renewing) return
    this.#renewing = renewing
    if (renewing) this.#begin()
    else this.#cease()
  }

  /** Says what it is and owns, as far as the API server can be reached. */
  write(): void {
    const { api } = this.#components
    const { index, macs } = this.#process
    const { owned } = this.#link
    if (!api.isReachableFrom(index)) return
    api.writeSpeaker(index, { registered: true, expired: false, macs: [...macs], owned })
    this.#writtenOwned = owned
  }

  /** The same, if there is news, at most once a second. */
  writeSoon(): void {
    const { api, context } = this.#components
    const { index, macs, synced } = this.#process
    if (this.#statusPlanned || !synced) return
    this.#statusPlanned = true
    this.#process.after(Math.max(20, this.#statusDueMs - context.queue.nowMs), () => {
      this.#statusPlanned = false
      if (!this.#renewing) return
      const macsAsWritten = String(api.snapshot.speakers[index]!.macs) === String(macs)
      if (this.#link.owned === this.#writtenOwned && macsAsWritten) return
      this.#statusDueMs = context.queue.nowMs + STATUS_INTERVAL_MS
      this.write()
    })
  }

  #begin(): void {
    const { api, context } = this.#components
    const { queue, random } = context
    const process = this.#process
    process.after(random.between(10, 300), () => {
      if (!this.#renewing) return
      this.#renewedMs = queue.nowMs
      api.startRenewing(process.index)
      process.setStanding({ apiReachable: true, viewIsOld: false })
      process.step({ type: 'speakUp' })
      api.resync(process.index, random.between(5, 300))
      const { registered, expired } = api.snapshot.speakers[process.index]!
      if (!registered || expired) this.write()
      else this.writeSoon()
    })
  }

  #cease(): void {
    const { api, context } = this.#components
    const { queue, random } = context
    const process = this.#process
    const renewedMs = Math.max(this.#renewedMs, queue.nowMs - random.between(0, LEASE_RENEW_MS))
    this.#renewedMs = renewedMs
    api.stopRenewing(process.index, renewedMs)
    if (!process.running) return
    process.after(random.between(100, 1_500), () => {
      if (!this.#renewing && process.synced) process.setStanding({ apiReachable: false })
    })
    process.after(renewedMs + LEASE_DURATION_MS - queue.nowMs, () => {
      if (!this.#renewing && process.synced && this.#renewedMs === renewedMs) process.setStanding({ viewIsOld: true })
    })
  }
}
