import { type Static, Type } from 'typebox'
import { options } from './schema.ts'

// The bounds below exist because the API server multiplies them when it estimates the cost of the CEL rules. They are
// an order of magnitude beyond any selector that a person writes.
const MAX_EXPRESSIONS = 64
const MAX_LABELS = 64
const MAX_SELECTORS = 128

// Kubernetes' own syntax of labels: an optional DNS prefix and a name; a value of at most 63 characters.
const LABEL_KEY = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'
const LABEL_VALUE = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'

const labelValueSchema = Type.String({ maxLength: 63, pattern: LABEL_VALUE })

const requirementSchema = Type.Object(
  {
    key: Type.String({ description: 'The label that is looked at.', maxLength: 317, pattern: LABEL_KEY }),
    operator: Type.Enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], { description: 'How it is compared.' }),
    values: Type.Optional(
      Type.Array(
        labelValueSchema,
        options({
          description: 'What it is compared with: at least one value for `In` and `NotIn`, none for the others.',
          'x-kubernetes-list-type': 'atomic',
        }),
      ),
    ),
  },
  options({
    'x-kubernetes-validations': [
      {
        rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
        message: 'values must be given with the operators In and NotIn',
        messageExpression: "'values must be given with the operator ' + self.operator",
      },
      {
        rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
        message: 'values must be empty with the operators Exists and DoesNotExist',
        messageExpression: "'values must be empty with the operator ' + self.operator",
      },
    ],
  }),
)

/** metav1.LabelSelector. Two parts, both of which must match; an empty selector matches everything. */
export function labelSelectorSchema(description?: string) {
  return Type.Object(
    {
      matchLabels: Type.Optional(
        Type.Record(
          Type.String(),
          labelValueSchema,
          options({ description: 'Labels that must all be there, with these values.', maxProperties: MAX_LABELS }),
        ),
      ),
      matchExpressions: Type.Optional(
        Type.Array(
          requirementSchema,
          options({
            description: 'Conditions on labels that must all hold.',
            maxItems: MAX_EXPRESSIONS,
            'x-kubernetes-list-type': 'atomic',
          }),
        ),
      ),
    },
    options({ ...(description && { description }), 'x-kubernetes-map-type': 'atomic' }),
  )
}

/** A list of selectors, of which one must match. */
export function labelSelectorsSchema(description: string) {
  return Type.Array(
    labelSelectorSchema(),
    options({ description, maxItems: MAX_SELECTORS, 'x-kubernetes-list-type': 'atomic' }),
  )
}

export type LabelSelector = Static<ReturnType<typeof labelSelectorSchema>>
