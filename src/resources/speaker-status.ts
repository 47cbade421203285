import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'

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
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['address'],
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
    // The API server prints the first match of a path alone, so that lists show their first member.
    { name: 'Interface', type: 'string', jsonPath: '.status.interfaces[0].name' },
    { name: 'MAC', type: 'string', jsonPath: '.status.interfaces[0].mac' },
    { name: 'Expired', type: 'date', jsonPath: '.status.expiredAt' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Announcements', type: 'string', jsonPath: '.status.announcements', priority: 10 },
  ],
  notes: ['Herald writes these objects. Reading them tells which node announces what; editing them helps nobody.'],
  example: {
    apiVersion: 'herald.io/v1alpha1',
    kind: 'SpeakerStatus',
    metadata: { name: 'node-a', namespace: 'herald-system' },
    status: {
      interfaces: [{ name: 'eth0', mac: '02:00:5e:10:00:01', addresses: ['203.0.113.11/24', '2001:db8::11/64'] }],
      announcements: [{ address: '192.0.2.1', interfaces: ['eth0'] }],
    },
  },
}
