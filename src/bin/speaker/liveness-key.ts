import type { CancelTimer, Clock } from '../../io/clock.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import { backoffDelayMs } from '../../kubernetes/backoff.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type KubernetesObject, secrets } from '../../kubernetes/resources.ts'

/** The field of the Secret that holds the key. */
const LIVENESS_KEY_FIELD = 'key'

/** What is shorter can be guessed. */
const SHORTEST_KEY_BYTES = 16
const REFRESH_INTERVAL_MS = 300_000
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 30_000

export interface LivenessKeyComponents {
  client: Pick<ApiClient, 'get'>
  clock: Clock
  random: () => number
  logger: Logger
}

export interface LivenessKeyInit {
  namespace: string
  secretName: string
  /** called with the first key and with each other one; the bytes are those of the Secret's field, 16 or more */
  onChange: (key: Uint8Array) => void
}

interface Secret extends KubernetesObject {
  data?: Record<string, string>
}

/**
 * The key that speakers sign their liveness packets with, read from a Secret by name: nothing is watched, and no other Secret can
 * be seen. Asked for until it is there, and again every five minutes. A key that was read stays in use when the Secret goes or
 * becomes unusable. It is never logged, nor anything made from it.
 */
export class LivenessKey {
  readonly #components: LivenessKeyComponents
  readonly #init: LivenessKeyInit
  readonly #abort = new AbortController()
  #key: Uint8Array | undefined
  #cancel: CancelTimer = () => {}
  #reading: Promise<void> | undefined
  #again = false
  #failures = 0
  #problem = ''

  constructor(components: LivenessKeyComponents, init: LivenessKeyInit) {
    this.#components = components
    this.#init = init
  }

  get key(): Uint8Array | undefined {
    return this.#key
  }

  start(): void {
    this.refresh()
  }

  /** Reads the Secret now: something speaks for the key having changed. */
  refresh(): void {
    if (this.#abort.signal.aborted) return
    this.#cancel()
    if (this.#reading) this.#again = true
    else this.#reading = this.#read().finally(() => this.#next())
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#cancel()
    await this.#reading
  }

  #next(): void {
    this.#reading = undefined
    if (this.#abort.signal.aborted) return
    const { clock, random } = this.#components
    const delayMs =
      this.#failures === 0
        ? // Up to a fifth earlier: speakers that started together drift apart.
          REFRESH_INTERVAL_MS * (1 - random() / 5)
        : backoffDelayMs(this.#failures - 1, FIRST_RETRY_MS, LONGEST_RETRY_MS, random)
    if (this.#again) this.refresh()
    else this.#cancel = clock.setTimer(() => this.refresh(), delayMs)
  }

  async #read(): Promise<void> {
    this.#again = false
    const { namespace, secretName: name } = this.#init
    const { signal } = this.#abort
    try {
      const { data } = await this.#components.client.get<Secret>(secrets, { namespace, name }, { signal })
      const text = data?.[LIVENESS_KEY_FIELD]
      const key = Buffer.from(typeof text === 'string' ? text : '', 'base64')
      if (key.length >= SHORTEST_KEY_BYTES) this.#take(key)
      else this.#fail(`the Secret has no "${LIVENESS_KEY_FIELD}" of ${SHORTEST_KEY_BYTES} bytes or more`)
    } catch (error) {
      if (!signal.aborted) this.#fail(describe(error))
    }
  }

  #take(key: Uint8Array): void {
    this.#failures = 0
    this.#problem = ''
    if (this.#key && Buffer.compare(this.#key, key) === 0) return
    const first = this.#key === undefined
    this.#key = key
    const { logger } = this.#components
    logger.info({ secret: this.#init.secretName }, first ? 'liveness key read' : 'liveness key has changed')
    this.#init.onChange(key)
  }

  #fail(problem: string): void {
    this.#failures++
    const { logger } = this.#components
    const fields = { secret: this.#init.secretName, problem }
    if (this.#problem === problem) logger.debug(fields, 'no liveness key, will be tried again')
    else logger.warn(fields, 'no liveness key, will be tried again')
    this.#problem = problem
  }
}

function describe(error: unknown): string {
  if (isApiError(error, 'notFound')) return 'there is no such Secret yet'
  // Its message quotes the answer, in which the key stands.
  if (isApiError(error, 'badResponse')) return 'the answer of the API server cannot be read'
  return error instanceof Error ? error.message : String(error)
}
