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
  readonly resourceVersion: string
  readonly expiredAt?: string
}

export interface SpeakerLeasesComponents {
  speakers: ReadableStore<SpeakerMark>
  leases: Pick<LeaseWatcher, 'state'>
  statusWriter: Pick<StatusWriter, 'patchStatus'>
  logger: Logger
  nowText: () => string
}

/**
 * Marks the SpeakerStatus of a node whose Lease ran out, and takes the mark off when it is renewed again. Speakers watch
 * these objects and not the Leases, so that a renewal is seen by the controller alone.
 */
export async function reconcileSpeakerMark(
  components: SpeakerLeasesComponents,
  key: string,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { speakers, leases, statusWriter, logger, nowText } = components
  const speaker = speakers.get(key)
  if (!speaker) return done
  const state = leases.state(SPEAKER_LEASE_PREFIX + speaker.name)
  // unknown: the watching has just begun. No Lease at all: the speaker never registered or has been deleted with it.
  const expired = state === undefined || state === 'expired'
  if (state === 'unknown' || expired === (speaker.expiredAt !== undefined)) return done
  logger.info({ node: speaker.name, expired }, expired ? 'speaker lost: its lease has run out' : 'speaker is back')
  const { namespace, name, resourceVersion } = speaker
  const status = { expiredAt: expired ? nowText() : null }
  return outcomeOfWrite(
    await statusWriter.patchStatus(speakerStatuses, { namespace, name }, status, { resourceVersion, signal }),
  )
}
