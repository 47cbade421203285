/** One interface of a node, in a SpeakerStatus. */
export interface SpeakerInterface {
  readonly name: string
  readonly mac: string
  /** with their prefix lengths */
  readonly addresses: readonly string[]
}

/** One address that a node announces, in a SpeakerStatus. */
export interface SpeakerAnnouncement {
  readonly address: string
  readonly interfaces: readonly string[]
}

/** A SpeakerStatus as Herald uses it. It has the name of its node. */
export interface SpeakerView {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly interfaces: readonly SpeakerInterface[]
  readonly announcements: readonly SpeakerAnnouncement[]
  /** the speaker has said, by its first report, that it works */
  readonly reported: boolean
  /** when the speaker left, or the controller found its Lease to have run out */
  readonly expiredAt?: string
}

export interface SpeakerObject {
  metadata?: { name?: string; uid?: string; resourceVersion?: string }
  status?: {
    interfaces?: { name?: string; mac?: string; addresses?: string[] }[]
    announcements?: { address?: string; interfaces?: string[] }[]
    expiredAt?: string | null
  }
}

/** Cuts a SpeakerStatus as the API server sends it to the fields that Herald uses. */
export function viewSpeaker({ metadata = {}, status }: SpeakerObject): SpeakerView {
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    interfaces: (status?.interfaces ?? []).map(({ name = '', mac = '', addresses = [] }) => ({ name, mac, addresses })),
    announcements: (status?.announcements ?? []).map(({ address = '', interfaces = [] }) => ({ address, interfaces })),
    reported: status !== undefined,
    ...(status?.expiredAt && { expiredAt: status.expiredAt }),
  }
}

/** Whether the speaker takes part in elections: it has reported, and is not marked as gone. */
export function isRegistered(speaker: SpeakerView | undefined): boolean {
  return speaker?.reported === true && speaker.expiredAt === undefined
}

/** Whether two views of a speaker make it the same candidate: what it announces at present is nothing to the election. */
export function sameCandidate(a: SpeakerView | undefined, b: SpeakerView | undefined): boolean {
  return isRegistered(a) === isRegistered(b) && (!isRegistered(a) || sameList(interfaceNames(a), interfaceNames(b)))
}

function interfaceNames(speaker: SpeakerView | undefined): string[] {
  return (speaker?.interfaces ?? []).map(({ name }) => name).sort()
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

/** Whether two reports say the same; they come from Herald, which sorts them. */
export function sameReport(
  a: Pick<SpeakerView, 'interfaces' | 'announcements'>,
  b: Pick<SpeakerView, 'interfaces' | 'announcements'>,
): boolean {
  const text = ({ interfaces, announcements }: typeof a): string =>
    JSON.stringify([
      [...interfaces].sort(byKey(item => item.name)).map(({ name, mac, addresses }) => [name, mac, addresses]),
      [...announcements].sort(byKey(item => item.address)).map(({ address, interfaces }) => [address, interfaces]),
    ])
  return text(a) === text(b)
}

function byKey<Item>(keyOf: (item: Item) => string): (a: Item, b: Item) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0)
}
