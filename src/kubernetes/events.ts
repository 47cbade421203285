import type { Clock } from '../io/clock.ts'
import { isApiError } from './api-error.ts'
import type { ApiClient } from './client.ts'
import { microTime } from './lease-record.ts'
import type { Logger } from './logger.ts'
import { apiVersionOf, events, type Resource } from './resources.ts'
import { sleep } from './sleep.ts'
import { timeText } from './time-text.ts'

export interface EventRecorderComponents {
  client: Pick<ApiClient, 'create'>
  clock: Clock
  /** for names of events that no other has */
  random: () => number
  logger: Logger
}

export interface EventRecorderInit {
  /** `herald-controller`, `herald-speaker` */
  component: string
  /** the pod's name */
  instance: string
  /** the node, for what happens on one */
  host?: string
  /** events that may wait; further ones are dropped */
  capacity?: number
  /** over time; `burst` of them at once */
  perSecond?: number
  burst?: number
  /** Whether there is work that goes before events; while there is, at most `busyPerSecond` of them are written. */
  isBusy?: () => boolean
  busyPerSecond?: number
}

/** What an event is about. */
export interface EventTarget {
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
  readonly resourceVersion?: string
}

export type EventType = 'Normal' | 'Warning'

interface Pending {
  readonly body: object & { metadata: { namespace: string; name: string } }
}

// Longer ones are refused (k8s.io/kubernetes pkg/apis/core/validation/events.go).
const longestNote = 1_024

/**
 * Writes events, as core/v1 with the fields that `kubectl describe` and `kubectl get events` show. Recording never waits
 * and never fails: what the API server does not take is dropped. Say each thing once, when it comes to be so.
 */
export class EventRecorder {
  readonly #client: Pick<ApiClient, 'create'>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #logger: Logger
  readonly #init: EventRecorderInit
  readonly #capacity: number
  readonly #perSecond: number
  readonly #busyPerSecond: number
  readonly #isBusy: () => boolean
  readonly #burst: number
  readonly #pending: Pending[] = []
  readonly #abort = new AbortController()
  #tokens: number
  #filledAtMs: number
  #dropped = 0
  #sending: Promise<void> | undefined
  #sequence = 0

  constructor({ client, clock, random, logger }: EventRecorderComponents, init: EventRecorderInit) {
    this.#client = client
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#init = init
    this.#capacity = init.capacity ?? 2_000
    this.#perSecond = init.perSecond ?? 50
    this.#burst = init.burst ?? 200
    this.#isBusy = init.isBusy ?? (() => false)
    this.#busyPerSecond = Math.min(init.busyPerSecond ?? 10, this.#perSecond)
    this.#tokens = this.#burst
    this.#filledAtMs = clock.monotonicMs()
  }

  /** events that were not written, since the start */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * @param action what was done or tried, in CamelCase; by default the reason
   * @param reason short and stable, for programs
   * @param note a sentence for people
   */
  record(
    resource: Resource,
    target: EventTarget,
    type: EventType,
    reason: string,
    note: string,
    action = reason,
  ): void {
    if (this.#abort.signal.aborted) return
    if (this.#pending.length >= this.#capacity) {
      if (this.#dropped++ === 0)
        this.#logger.warn({ capacity: this.#capacity }, 'too many events wait: some are dropped')
      return
    }
    this.#pending.push({ body: this.#event(resource, target, type, reason, note, action) })
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending
  }

  /** Drops what waits; call flush() first to have it written. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#pending.length = 0
    await this.#sending
  }

  #event(
    resource: Resource,
    target: EventTarget,
    type: EventType,
    reason: string,
    note: string,
    action: string,
  ): Pending['body'] {
    const { component, instance, host } = this.#init
    // the server takes events about objects without a namespace in this one
    const namespace = target.namespace || 'default'
    const second = timeText(this.#clock.now())
    const message = note.length > longestNote ? `${note.slice(0, longestNote - 1)}…` : note
    return {
      apiVersion: apiVersionOf(events),
      kind: 'Event',
      metadata: { namespace, name: this.#uniqueName(target.name) },
      involvedObject: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        namespace: target.namespace,
        name: target.name,
        uid: target.uid,
        resourceVersion: target.resourceVersion,
      },
      type,
      reason,
      action,
      message,
      eventTime: microTime(this.#clock),
      firstTimestamp: second,
      lastTimestamp: second,
      count: 1,
      source: { component, ...(host && { host }) },
      reportingComponent: component,
      reportingInstance: instance.slice(0, 128),
    } as Pending['body']
  }

  // As client-go names them: object, dot, hexadecimal digits; names end at 253 characters.
  #uniqueName(name: string): string {
    const time = Math.round(this.#clock.now()).toString(16)
    const sequence = (this.#sequence++ & 0xfff).toString(16).padStart(3, '0')
    const random = Math.floor(this.#random() * 0x10000)
      .toString(16)
      .padStart(4, '0')
    return `${name.slice(0, 230)}.${time}${sequence}${random}`
  }

  async #send(): Promise<void> {
    const { signal } = this.#abort
    for (let event = this.#pending.shift(); event && !signal.aborted; event = this.#pending.shift()) {
      const waitMs = this.#takeToken()
      if (waitMs > 0) await sleep(this.#clock, waitMs, signal)
      if (signal.aborted) return
      try {
        await this.#client.create(events, event.body, { signal, timeoutMs: 5_000 })
      } catch (error) {
        if (signal.aborted) return
        this.#dropped++
        this.#logger.debug({ err: error, event: event.body.metadata.name }, 'an event was not written')
        const waitMs = isApiError(error) ? (error.retryAfterMs ?? 0) : 0
        if (waitMs > 0) await sleep(this.#clock, waitMs, signal)
      }
    }
  }

  /** How long the next event must wait. */
  #takeToken(): number {
    const nowMs = this.#clock.monotonicMs()
    const passedMs = nowMs - this.#filledAtMs
    this.#filledAtMs = nowMs
    if (this.#isBusy()) {
      // What was saved up is for quiet times: now the processors of the API server are asked for something else.
      const waitMs = Math.max(0, 1_000 / this.#busyPerSecond - passedMs)
      this.#filledAtMs += waitMs
      return waitMs
    }
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1_000)
    this.#tokens--
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / this.#perSecond
  }
}
