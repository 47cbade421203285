import { Type } from 'typebox'
import { type CelRule, options } from './schema.ts'

/** The form of a duration, as a regular expression of CEL. */
export const DURATION = '^(0|([0-9]+[.]?[0-9]*(ns|us|µs|ms|s|m|h))+)$'

/** True of a text that CEL's duration() reads. */
const isDuration = `self.matches('${DURATION}')`

/**
 * A duration as Go writes it (meta/v1 Duration): `90s`, `1m30s`. Its bounds stand in rules that are asked of readable texts alone, `null` counting as absent.
 *
 * @param rule what must hold, in CEL, where `duration(self)` can be read
 */
export function durationSchema(
  description: string,
  { rule, message }: Partial<Pick<CelRule, 'rule' | 'message'>> = {},
) {
  const validations: CelRule[] = [
    {
      rule: isDuration,
      message: 'must be a duration such as "90s" or "1m30s"',
      messageExpression: `'"' + self + '" is no duration such as "90s" or "1m30s"'`,
    },
    ...(rule && message ? [{ rule: `!${isDuration} || ${rule}`, message }] : []),
  ]
  return Type.String(options({ description, maxLength: 64, nullable: true, 'x-kubernetes-validations': validations }))
}
