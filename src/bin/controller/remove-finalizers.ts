import { CLEANUP_FINALIZER, FINALIZER_MARK, isGuarded } from '../../controller/cleanup-finalizer.ts'
import type { Clock } from '../../io/clock.ts'
import { isApiError } from '../../kubernetes/api-error.ts'
import type { ApiClient } from '../../kubernetes/client.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type KubernetesObject, services } from '../../kubernetes/resources.ts'
import { sleep } from '../../kubernetes/sleep.ts'

export interface RemoveFinalizersComponents {
  client: Pick<ApiClient, 'list' | 'patch'>
  logger: Logger
  clock: Clock
}

export interface RemoveFinalizersInit {
  signal: AbortSignal
  timeoutMs: number
}

const PAGE_SIZE = 500
const CONCURRENT_WRITES = 8

/** After a pass that found nothing, one more: a controller that is just stopping may have added one meanwhile. */
const QUIET_PASSES = 2
const PASS_INTERVAL_MS = 1_000

/** The patch of a Service's status that takes Herald's finalizer and mark off and touches nothing else. */
export const UNGUARD_PATCH = {
  metadata: {
    annotations: { [FINALIZER_MARK]: null },
    '$deleteFromPrimitiveList/finalizers': [CLEANUP_FINALIZER],
  },
}

/**
 * Takes Herald's finalizer off every Service, for who uninstalls Herald: with it, and without a controller, no Service could be
 * deleted any more. Goes on until two passes have found none.
 *
 * @throws Error that says what is left when the time is over
 */
export async function removeFinalizers(
  { client, logger, clock }: RemoveFinalizersComponents,
  { signal, timeoutMs }: RemoveFinalizersInit,
): Promise<void> {
  const abort = new AbortController()
  const state: { removed: number; left: number | undefined; problem?: unknown } = { removed: 0, left: undefined }
  const cancel = clock.setTimer(() => abort.abort(), timeoutMs)
  const either = AbortSignal.any([signal, abort.signal])
  try {
    for (let quiet = 0; quiet < QUIET_PASSES && !either.aborted; ) {
      const found = await pass(client, logger, either, state).catch(error => {
        if (either.aborted) return undefined
        state.problem = error
        logger.warn({ err: error }, 'could not look for finalizers, will be tried again')
        return undefined
      })
      quiet = found === 0 ? quiet + 1 : 0
      if (quiet < QUIET_PASSES) await sleep(clock, PASS_INTERVAL_MS, either)
    }
  } finally {
    cancel()
  }
  if (signal.aborted) return
  const { removed, left, problem } = state
  if (abort.signal.aborted) {
    const what = left === undefined ? 'the Services could not be listed' : `${left} Services still carry it`
    throw new Error(`the finalizer ${CLEANUP_FINALIZER} was not removed within ${timeoutMs / 1_000} s: ${what}`, {
      cause: problem,
    })
  }
  logger.info({ removed }, 'no Service carries a finalizer of Herald any more')
}

/** Takes off what it finds; how many it found. */
async function pass(
  client: RemoveFinalizersComponents['client'],
  logger: Logger,
  signal: AbortSignal,
  state: { removed: number; left: number | undefined; problem?: unknown },
): Promise<number> {
  const queue = await listGuarded(client, signal)
  const found = queue.length
  state.left = found
  const work = async () => {
    for (let one = queue.pop(); one && !signal.aborted; one = queue.pop()) {
      const service = `${one.namespace}/${one.name}`
      try {
        await client.patch(services, { ...one, subresource: 'status' }, UNGUARD_PATCH, { kind: 'strategic', signal })
        state.removed++
        state.left = (state.left ?? 1) - 1
        logger.info({ service }, 'finalizer removed')
      } catch (error) {
        if (signal.aborted || isApiError(error, 'notFound')) continue
        state.problem = error
        logger.warn({ service, err: error }, 'finalizer not removed, will be tried again')
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_WRITES }, work))
  return found
}

async function listGuarded(
  client: Pick<ApiClient, 'list'>,
  signal: AbortSignal,
): Promise<{ namespace: string; name: string }[]> {
  const found: { namespace: string; name: string }[] = []
  let page: string | undefined
  do {
    const { items = [], metadata } = await client.list<KubernetesObject>(services, {
      query: { limit: PAGE_SIZE, continue: page },
      signal,
    })
    for (const { metadata: { namespace = '', name = '', annotations = {} } = {} } of items) {
      if (isGuarded({ annotations })) found.push({ namespace, name })
    }
    page = metadata?.continue || undefined
  } while (page)
  return found
}
