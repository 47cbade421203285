import type { LeaseWatcher } from '../../kubernetes/lease.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import { speakerStatuses } from '../../kubernetes/resources.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'

/** Each speaker renews a Lease of this name, with the node's name after it. */
export const SPEAKER_LEASE_PREFIX = 'herald-speaker-'

/** A SpeakerStatus, cut to what the controller compares. */
export interface SpeakerMark {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly expiredAt?: string
}

export interface SpeakerLeasesComponents {
  speakers: ReadableStore<SpeakerMark>
  leases: Pick<LeaseWatcher, 'state'>
  /** asks the API server itself whether there is a Lease of this name */
  leaseExists: (name: string, signal?: AbortSignal) => Promise<boolean>
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  logger: Logger
  nowText: () => string
}

/**
 * Marks the SpeakerStatus of a node whose Lease ran out. Only the speaker takes the mark off, when it has renewed: the
 * controller sees Leases and objects by two watches, and would clear the mark that a leaving speaker has just set. Speakers
 * watch these objects and not the Leases, so that a renewal is seen by the controller alone.
 */
export async function reconcileSpeakerMark(
  components: SpeakerLeasesComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { speakers, leases, leaseExists, statusWriter, logger, nowText } = components
  const speaker = speakers.get(key)
  if (!speaker || speaker.expiredAt !== undefined) return done
  const lease = SPEAKER_LEASE_PREFIX + speaker.name
  const state = leases.state(lease)
  // No Lease in the watch: it was deleted, or the watch is behind a speaker that has just registered.
  const expired = state === 'expired' || (state === undefined && !(await leaseExists(lease, signal)))
  if (!expired) return done
  logger.info({ node: speaker.name }, 'speaker lost: its lease has run out')
  const { namespace, name, resourceVersion } = speaker
  const status = { expiredAt: nowText() }
  return outcomeOfWrite(
    await statusWriter.patchStatus(speakerStatuses, { namespace, name }, status, { resourceVersion, signal }),
  )
}
