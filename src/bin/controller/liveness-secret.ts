import { randomBytes } from 'node:crypto'
import type { CancelTimer, Clock } from '../../io/clock.ts'
import { backoffDelayMs } from '../../kubernetes/backoff.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type KubernetesObject, secrets } from '../../kubernetes/resources.ts'
import type { StatusWriter } from '../../kubernetes/status-writer.ts'
import { type OwnerLookup, withOwner } from './own-deployment.ts'

export interface LivenessSecretComponents {
  statusWriter: Pick<StatusWriter, 'createIfMissing'>
  clock: Clock
  random: () => number
  logger: Logger
  /** what a Secret that is created goes with; undefined: nothing */
  owner: OwnerLookup
}

const KEY_BYTES = 32
const CHECK_INTERVAL_MS = 300_000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000

/**
 * Sees to it that there is a Secret with the speakers' liveness key. It only ever tries to create it, with a new random key, and is
 * content when there is one already: so the controller needs no permission to read it. Who brings a key of his own is left in peace.
 */
export class LivenessSecret {
  readonly #components: LivenessSecretComponents
  readonly #init: { namespace: string; name: string }
  readonly #abort = new AbortController()
  #cancel: CancelTimer = () => {}
  #running: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(components: LivenessSecretComponents, init: { namespace: string; name: string }) {
    this.#components = components
    this.#init = init
  }

  start(): void {
    this.#running = this.#create()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#cancel()
    await this.#running
  }

  async #create(): Promise<void> {
    const { statusWriter, clock, random, logger, owner } = this.#components
    const { signal } = this.#abort
    try {
      const secret = withOwner(this.#secret(), await owner(signal))
      const created = await statusWriter.createIfMissing(secrets, secret, { signal })
      this.#failures = 0
      if (created) logger.info({ secret: this.#init.name }, 'liveness key created')
    } catch (err) {
      if (signal.aborted) return
      const fields = { secret: this.#init.name, err }
      if (this.#failures++ === 0) logger.warn(fields, 'could not create the liveness key, will be tried again')
      else logger.debug(fields, 'could not create the liveness key, will be tried again')
    }
    if (signal.aborted) return
    const delayMs =
      this.#failures === 0
        ? CHECK_INTERVAL_MS
        : backoffDelayMs(this.#failures - 1, FIRST_RETRY_MS, LONGEST_RETRY_MS, random)
    this.#cancel = clock.setTimer(() => this.start(), delayMs)
  }

  #secret(): KubernetesObject & { type: string; data: Record<string, string> } {
    const { namespace, name } = this.#init
    // The key is text, so that a person can bring one too; `data` is base64 of that text.
    const key = randomBytes(KEY_BYTES).toString('base64')
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        namespace,
        name,
        labels: { 'app.kubernetes.io/name': 'herald', 'app.kubernetes.io/managed-by': 'herald-controller' },
      },
      type: 'Opaque',
      data: { key: Buffer.from(key).toString('base64') },
    }
  }
}
