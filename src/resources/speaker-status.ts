import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { SESSION_STATES } from './speaker-view.ts'

// Lists that can be long are atomic: the API server keeps a note of each member of a map, which doubles the object.

// Optional, as are the lists below: a speaker of an older version must be able to register while a cluster is upgraded.
const sinceSchema = (description: string) => Type.Optional(Type.String({ description, format: 'date-time' }))

const interfaceSchema = Type.Object({
  name: Type.String({ description: 'Name of the network interface.' }),
  mac: Type.String({ description: 'Its hardware address.' }),
  addresses: Type.Array(
    Type.String(),
    options({ description: 'Its addresses with their prefix lengths.', 'x-kubernetes-list-type': 'atomic' }),
  ),
})

const announcementSchema = Type.Object({
  address: Type.String({ description: 'The address that this node answers for.' }),
  interfaces: Type.Array(
    Type.String(),
    options({ description: 'The interfaces on which it does.', 'x-kubernetes-list-type': 'atomic' }),
  ),
  since: sinceSchema('Since when.'),
})

const conflictSchema = Type.Object({
  address: Type.String({ description: 'The address in question.' }),
  interface: Type.String({ description: 'The interface on which the other host was heard.' }),
  mac: Type.String({ description: 'The hardware address of the other host.' }),
  since: sinceSchema('Since when.'),
})

const sessionSchema = Type.Object({
  node: Type.String({ description: 'The node that is watched.' }),
  state: Type.Enum([...SESSION_STATES], {
    description: 'State of the session (RFC 5880 §6.2). `AdminDown`: the other speaker has said that it stops.',
  }),
  since: sinceSchema('Since when it has this state.'),
})

export const speakerStatusSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    status: Type.Optional(
      Type.Object(
        {
          interfaces: Type.Optional(
            Type.Array(
              interfaceSchema,
              options({
                description: 'The network interfaces on which the speaker can announce.',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
              }),
            ),
          ),
          announcements: Type.Optional(
            Type.Array(
              announcementSchema,
              options({
                description: 'The addresses that the speaker announces at present.',
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
          announcementCount: Type.Optional(
            Type.Integer({ description: 'How many addresses these are.', format: 'int32', minimum: 0 }),
          ),
          conflicts: Type.Optional(
            Type.Array(
              conflictSchema,
              options({
                description:
                  'Addresses that a host other than the speakers holds or claims. Those that are not among `announcements` are left to it until it falls silent.',
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
          sessions: Type.Optional(
            Type.Array(
              sessionSchema,
              options({
                description: 'The speakers that this one watches, so as to take over from them.',
                'x-kubernetes-list-type': 'atomic',
              }),
            ),
          ),
          expiredAt: Type.Optional(
            Type.String({
              description:
                "When the speaker's Lease was found to have run out. Set by the controller, cleared by the speaker when it registers again.",
              format: 'date-time',
            }),
          ),
        },
        { description: 'Written by the speaker, but for `expiredAt`.' },
      ),
    ),
  },
  { description: 'What the speaker of one node sees and announces. The object has the name of the node.' },
)

export type SpeakerStatus = Static<typeof speakerStatusSchema>

export const speakerStatusResource: CustomResource<SpeakerStatus> = {
  group: 'herald.io',
  version: 'v1alpha1',
  kind: 'SpeakerStatus',
  plural: 'speakerstatuses',
  singular: 'speakerstatus',
  schema: speakerStatusSchema,
  columns: [
    { name: 'Announcing', type: 'integer', jsonPath: '.status.announcementCount' },
    // The API server prints the first match of a path alone, so that lists show their first member.
    { name: 'Conflict', type: 'string', jsonPath: '.status.conflicts[0].address' },
    { name: 'Expired', type: 'date', jsonPath: '.status.expiredAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Interface', type: 'string', jsonPath: '.status.interfaces[0].name', priority: 10 },
    { name: 'MAC', type: 'string', jsonPath: '.status.interfaces[0].mac', priority: 10 },
    { name: 'Conflicting MAC', type: 'string', jsonPath: '.status.conflicts[0].mac', priority: 10 },
  ],
  notes: [
    'Herald writes these objects. Reading them tells which node announces what; editing them helps nobody.',
    '`kubectl get` shows the first conflict and the first interface alone.',
  ],
  example: {
    apiVersion: 'herald.io/v1alpha1',
    kind: 'SpeakerStatus',
    metadata: { name: 'node-a', namespace: 'herald-system' },
    status: {
      interfaces: [{ name: 'eth0', mac: '02:00:5e:10:00:01', addresses: ['203.0.113.11/24', '2001:db8::11/64'] }],
      announcements: [{ address: '192.0.2.1', interfaces: ['eth0'], since: '2026-01-01T12:00:00Z' }],
      announcementCount: 1,
      conflicts: [{ address: '192.0.2.7', interface: 'eth0', mac: '02:00:5e:20:00:99', since: '2026-01-01T12:00:05Z' }],
      sessions: [{ node: 'node-b', state: 'Up', since: '2026-01-01T11:59:58Z' }],
    },
  },
}
