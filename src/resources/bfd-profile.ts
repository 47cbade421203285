import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { acceptedStatusSchema, apiVersionSchema, kindSchema, objectMetaSchema } from './schema.ts'

const interval = (description: string) =>
  Type.Optional(Type.Integer({ description, format: 'int32', minimum: 10, maximum: 60_000 }))

export const bfdProfileSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Optional(
      Type.Object(
        {
          receiveInterval: interval('The least time between two packets that this end takes, in ms. 300 without it.'),
          transmitInterval: interval('The least time between two packets that this end sends, in ms. 300 without it.'),
          detectMultiplier: Type.Optional(
            Type.Integer({
              description: 'A session is down when so many packets in a row are missing. 3 without it.',
              format: 'int32',
              minimum: 2,
              maximum: 255,
            }),
          ),
          echoInterval: interval('Not used: Herald has no echo function.'),
          echoMode: Type.Optional(
            Type.Boolean({
              description:
                'Not supported: sessions are held without the echo function, and the condition of the profile says so.',
            }),
          ),
          passiveMode: Type.Optional(
            Type.Boolean({ description: 'Send nothing before the peer does (RFC 5880 §6.1, passive role).' }),
          ),
          minimumTtl: Type.Optional(
            Type.Integer({
              description:
                'For peers more than one hop away: packets with a lower TTL are dropped (RFC 5883 §5). 254, which is one router in between, without it.',
              format: 'int32',
              minimum: 1,
              maximum: 254,
            }),
          ),
        },
        { description: 'How sessions behave.' },
      ),
    ),
    status: acceptedStatusSchema('Whether peers can use this profile.'),
  },
  {
    description:
      'How BGP peers that name it are watched by BFD (RFC 5880), so that a dead one is noticed in less than a second.',
  },
)

export type BfdProfileObject = Static<typeof bfdProfileSchema>

export const bfdProfileResource: CustomResource<BfdProfileObject> = {
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'BFDProfile',
  plural: 'bfdprofiles',
  singular: 'bfdprofile',
  schema: bfdProfileSchema,
  columns: [
    { name: 'Passive Mode', type: 'boolean', jsonPath: '.spec.passiveMode' },
    { name: 'Transmit Interval', type: 'integer', jsonPath: '.spec.transmitInterval' },
    { name: 'Receive Interval', type: 'integer', jsonPath: '.spec.receiveInterval' },
    { name: 'Multiplier', type: 'integer', jsonPath: '.spec.detectMultiplier' },
  ],
  notes: [
    'A profile counts only in the namespace that Herald runs in.',
    'A profile that is refused, or is not there, refuses the peers that name it.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BFDProfile',
    metadata: { name: 'fast', namespace: 'herald-system' },
    spec: { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 3 },
  },
}
