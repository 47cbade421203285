import { type Static, Type } from 'typebox'
import type { CustomResource } from './crd.ts'
import { apiVersionSchema, conditionsSchema, kindSchema, objectMetaSchema, options } from './schema.ts'
import { addressOrRangeSchema } from './schema-address-range.ts'

// The same bound as for a pool, for the same reason.
const MAX_ADDRESSES = 1000

// RFC 1123 §2.1 as Kubernetes narrows it: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const label = { minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }

export const addressReservationSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Object(
      {
        addresses: Type.Array(
          addressOrRangeSchema,
          options({
            description:
              'The addresses that are kept: single ones (`192.0.2.10`), CIDRs or ranges (`192.0.2.10-192.0.2.20`). They may lie in pools or not.',
            minItems: 1,
            maxItems: MAX_ADDRESSES,
            'x-kubernetes-list-type': 'atomic',
          }),
        ),
        service: Type.Optional(
          Type.Object(
            {
              namespace: Type.String({ description: 'Namespace of the Service.', ...label }),
              name: Type.String({ description: 'Name of the Service.', ...label }),
            },
            {
              description:
                'The Service that they are kept for, existing or not. It gets one of them for each IP family that it needs. Without this field nobody gets them: a gateway, a DHCP range, a host outside the cluster.',
            },
          ),
        ),
      },
      { description: 'What is kept, and for whom.' },
    ),
    status: Type.Optional(
      Type.Object(
        {
          held: Type.Optional(
            Type.String({
              description: 'The addresses of this reservation that its Service holds now, separated by commas.',
            }),
          ),
          conditions: Type.Optional(conditionsSchema('What Herald thinks of this reservation.')),
        },
        { description: 'Written by the controller.' },
      ),
    ),
  },
  { description: 'Addresses of pools that are kept for one Service, or for nobody.' },
)

export type AddressReservation = Static<typeof addressReservationSchema>

export const addressReservationResource: CustomResource<AddressReservation> = {
  group: 'herald.io',
  version: 'v1alpha1',
  kind: 'AddressReservation',
  plural: 'addressreservations',
  singular: 'addressreservation',
  schema: addressReservationSchema,
  columns: [
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses' },
    { name: 'Namespace', type: 'string', jsonPath: '.spec.service.namespace' },
    { name: 'Service', type: 'string', jsonPath: '.spec.service.name' },
    { name: 'Held', type: 'string', jsonPath: '.status.held' },
    { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  notes: [
    'A reservation outlives the Service: one that is deleted and created again gets the same address.',
    'A reservation wins over a Service that holds one of its addresses already: that Service gets another one.',
    'Two reservations for different owners must not overlap: the older one stands, the younger says so in its condition.',
    'A reservation counts only in the namespace that Herald runs in.',
  ],
  example: {
    apiVersion: 'herald.io/v1alpha1',
    kind: 'AddressReservation',
    metadata: { name: 'shop', namespace: 'herald-system' },
    spec: { addresses: ['192.0.2.10', '2001:db8:0:1::10'], service: { namespace: 'shop', name: 'web' } },
  },
}
