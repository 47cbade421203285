import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, kindSchema, objectMetaSchema } from './schema.ts'
import { SESSION_STATES, type SessionState } from './speaker-view.ts'

/** RFC 4271 §8.2.2 */
export const BGP_SESSION_STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const
export type BgpSessionState = (typeof BGP_SESSION_STATES)[number]

export const bgpSessionStatusSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    status: Type.Optional(
      Type.Object(
        {
          node: Type.Optional(Type.String({ description: 'The node that holds the session.' })),
          peer: Type.Optional(Type.String({ description: 'Name of the BGPPeer.' })),
          address: Type.Optional(
            Type.String({
              description: 'Address of the peer; of one on an interface empty until it has made itself known there.',
            }),
          ),
          state: Type.Optional(
            Type.Enum([...BGP_SESSION_STATES], {
              description: 'State of the session (RFC 4271 §8.2.2). Routes are told in `Established` alone.',
            }),
          ),
          since: Type.Optional(Type.String({ description: 'Since when it has this state.', format: 'date-time' })),
          prefixesSent: Type.Optional(
            Type.Integer({ description: 'How many prefixes the peer has been told.', format: 'int32', minimum: 0 }),
          ),
          bfd: Type.Optional(
            Type.Enum([...SESSION_STATES], {
              description: 'State of the BFD session with the peer (RFC 5880 §6.2), where there is one.',
            }),
          ),
          lastError: Type.Optional(
            Type.String({ description: 'What ended the session last, or kept it from coming up.', maxLength: 1024 }),
          ),
        },
        { description: "Written by the node's speaker, when something has changed." },
      ),
    ),
  },
  { description: 'State of the BGP session of one node with one peer.' },
)

export type BgpSessionStatus = Static<typeof bgpSessionStatusSchema>

export const bgpSessionStatusResource: CustomResource<BgpSessionStatus> = {
  group: 'herald.io',
  version: 'v1alpha1',
  kind: 'BGPSessionStatus',
  plural: 'bgpsessionstatuses',
  singular: 'bgpsessionstatus',
  schema: bgpSessionStatusSchema,
  columns: [
    { name: 'Node', type: 'string', jsonPath: '.status.node' },
    { name: 'Peer', type: 'string', jsonPath: '.status.peer' },
    { name: 'Address', type: 'string', jsonPath: '.status.address' },
    { name: 'State', type: 'string', jsonPath: '.status.state' },
    { name: 'Since', type: 'date', jsonPath: '.status.since' },
    { name: 'Prefixes', type: 'integer', jsonPath: '.status.prefixesSent' },
    { name: 'BFD', type: 'string', jsonPath: '.status.bfd' },
    { name: 'Last Error', type: 'string', jsonPath: '.status.lastError' },
  ],
  notes: [
    'Herald writes these objects, in its own namespace: one for each node and each BGPPeer that selects it. Editing them helps nobody.',
    'Their labels are `herald.io/node` and `herald.io/peer`: `kubectl get bgpsessionstatuses -l herald.io/peer=rack-a`.',
  ],
  example: {
    apiVersion: 'herald.io/v1alpha1',
    kind: 'BGPSessionStatus',
    metadata: {
      name: 'node-a.rack-a.4cf3a0a2',
      namespace: 'herald-system',
      labels: { 'herald.io/node': 'node-a', 'herald.io/peer': 'rack-a' },
    },
    status: {
      node: 'node-a',
      peer: 'rack-a',
      address: '203.0.113.1',
      state: 'Established',
      since: '2026-01-01T12:00:00Z',
      prefixesSent: 12,
      bfd: 'Up',
      lastError: 'hold timer expired',
    },
  },
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const LONGEST_NAME = 253
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const LONGEST_LABEL = 63

/** The name of the object of one session; the same at all times. */
export function bgpSessionStatusName(node: string, peer: string): string {
  // Either name may hold dots, and neither a slash.
  const hash = createHash('sha256').update(`${node}/${peer}`).digest('hex')
  const name = `${node}.${peer}.${hash.slice(0, 8)}`
  return name.length <= LONGEST_NAME ? name : `session.${hash.slice(0, 32)}`
}

/** A name that is too long for a label has none. */
export function bgpSessionStatusLabels(node: string, peer: string): Record<string, string> {
  return {
    ...(node.length <= LONGEST_LABEL && { 'herald.io/node': node }),
    ...(peer.length <= LONGEST_LABEL && { 'herald.io/peer': peer }),
  }
}

/** What a BGPSessionStatus says. */
export interface BgpSessionView {
  readonly name: string
  readonly resourceVersion: string
  readonly node: string
  readonly peer: string
  readonly address?: string
  readonly state: BgpSessionState
  /** RFC 3339, whole seconds */
  readonly since?: string
  readonly prefixesSent: number
  readonly bfd?: SessionState
  readonly lastError?: string
}

/** Cuts a BGPSessionStatus as the API server sends it; a new one, which says nothing yet, counts as Idle. */
export function viewBgpSessionStatus({ metadata = {}, status = {} }: Partial<BgpSessionStatus>): BgpSessionView {
  const { node = '', peer = '', address, state = 'Idle', since, prefixesSent = 0, bfd, lastError } = status
  return {
    ...{ name: metadata.name ?? '', resourceVersion: metadata.resourceVersion ?? '' },
    ...{ node, peer, state, prefixesSent },
    ...(address !== undefined && { address }),
    ...(since !== undefined && { since }),
    ...(bfd !== undefined && { bfd }),
    ...(lastError !== undefined && { lastError }),
  }
}
