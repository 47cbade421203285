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
  /** RFC 3339, whole seconds */
  readonly since?: string
}

/** An address that a host other than the speakers holds or claims. */
export interface SpeakerConflict {
  readonly address: string
  readonly interface: string
  readonly mac: string
  readonly since?: string
}

/** What this speaker knows of another's life. */
export interface SpeakerSession {
  readonly node: string
  readonly state: SessionState
  readonly since?: string
}

/** States of a liveness session, as RFC 5880 §4.1 names them. */
export const SESSION_STATES = ['Up', 'Init', 'Down', 'AdminDown'] as const
export type SessionState = (typeof SESSION_STATES)[number]

/** What a speaker says in its SpeakerStatus. */
export interface SpeakerReport {
  readonly interfaces: readonly SpeakerInterface[]
  readonly announcements: readonly SpeakerAnnouncement[]
  readonly conflicts: readonly SpeakerConflict[]
  readonly sessions: readonly SpeakerSession[]
}

/** A SpeakerStatus as Herald uses it. It has the name of its node. */
export interface SpeakerView extends SpeakerReport {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** the speaker has said, by its first report, that it works */
  readonly reported: boolean
  /** when the speaker left, or the controller found its Lease to have run out */
  readonly expiredAt?: string
}

export interface SpeakerObject {
  metadata?: { name?: string; uid?: string; resourceVersion?: string }
  status?: {
    interfaces?: { name?: string; mac?: string; addresses?: string[] }[]
    announcements?: { address?: string; interfaces?: string[]; since?: string }[]
    conflicts?: { address?: string; interface?: string; mac?: string; since?: string }[]
    sessions?: { node?: string; state?: string; since?: string }[]
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
    announcements: (status?.announcements ?? []).map(({ address = '', interfaces = [], since }) => ({
      address,
      interfaces,
      ...(since && { since }),
    })),
    conflicts: (status?.conflicts ?? []).map(({ address = '', interface: name = '', mac = '', since }) => ({
      address,
      interface: name,
      mac,
      ...(since && { since }),
    })),
    sessions: (status?.sessions ?? []).map(({ node = '', state, since }) => ({
      node,
      state: SESSION_STATES.find(known => known === state) ?? 'Down',
      ...(since && { since }),
    })),
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
  return isRegistered(a) === isRegistered(b) && (!isRegistered(a) || sameList(interfacesText(a), interfacesText(b)))
}

function interfacesText(speaker: SpeakerView | undefined): string[] {
  return (speaker?.interfaces ?? []).map(({ name, addresses }) => [name, ...[...addresses].sort()].join(' ')).sort()
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

/** Whether two views of a speaker tell the same of whose frames are its, and where it is reached. */
export function sameNeighbour(a: SpeakerView | undefined, b: SpeakerView | undefined): boolean {
  return isRegistered(a) === isRegistered(b) && JSON.stringify(a?.interfaces) === JSON.stringify(b?.interfaces)
}

/** Whether two reports say the same; the API server gives their lists back in the order in which they were written. */
export function sameReport(a: SpeakerReport, b: SpeakerReport): boolean {
  return reportText(a) === reportText(b)
}

function reportText({ interfaces, announcements, conflicts, sessions }: SpeakerReport): string {
  return JSON.stringify([
    interfaces.map(({ name, mac, addresses }) => [name, mac, addresses]),
    announcements.map(({ address, interfaces, since }) => [address, interfaces, since]),
    conflicts.map(({ address, interface: name, mac, since }) => [address, name, mac, since]),
    sessions.map(({ node, state, since }) => [node, state, since]),
  ])
}
