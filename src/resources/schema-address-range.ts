import { Type } from 'typebox'
import { options } from './schema.ts'

// The longest legal entry is a range of two full IPv6 addresses with blanks around its dash.
const MAX_LENGTH = 96

const isRange = "self.contains('-') && self.split('-', 2).all(end, isIP(end.trim()))"
const sameFamily = "self.split('-', 2).all(end, end.contains(':') == self.contains(':'))"

// CEL compares no addresses, but it compares strings: both ends are brought to eight groups of four digits. ip() gives
// the canonical text; `::` becomes as many zero groups as are missing; an IPv4 address is filled up behind its octets.
// Each step is a map() of its own, because the API server's cost estimate knows the length of a list's element (it takes
// maxLength for it), but not the length of what string() returns.
const zeroGroups = "'0:0:0:0:0:0:0:0:'.substring(0, 18 - 2 * size(text.split(':', 9)))"
const groups = [0, 1, 2, 3, 4, 5, 6, 7].map(group => `text.split(':', 9)[${group}]`)
const sortable = (end: number) =>
  [
    `[string(ip(self.split('-', 2)[${end}].trim()))]`,
    `map(text, text.replace('::', ':' + ${zeroGroups}))`,
    "map(text, text.replace('.', ':') + ':0:0:0:0')",
    `map(text, ${groups.map(group => `('0000' + ${group}).substring(size(${group}))`).join(' + ')})`,
  ].join('.')
const inOrder = `${sortable(0)}.all(start, ${sortable(1)}.all(end, start <= end))`

function rangeSchema(accepted: string, expected: string) {
  return Type.String(
    options({
      minLength: 1,
      maxLength: MAX_LENGTH,
      'x-kubernetes-validations': [
        {
          rule: `${accepted} || (${isRange})`,
          message: `is neither ${expected} nor a range`,
          messageExpression: `'"' + self + '" is neither ${expected} nor a range "start-end" of two IP addresses'`,
        },
        {
          rule: `!(${isRange}) || ${sameFamily}`,
          message: 'a range must not begin with one address family and end with the other',
          messageExpression: `'the range "' + self + '" mixes an IPv4 and an IPv6 address'`,
        },
        {
          rule: `!(${isRange}) || !(${sameFamily}) || ${inOrder}`,
          message: 'a range must not start after its end',
          messageExpression: `'the range "' + self + '" starts after its end'`,
        },
      ],
    }),
  )
}

/** One entry of a pool: a CIDR, or a range `start-end` of one family whose start is not after its end. */
export const addressRangeSchema = rangeSchema('isCIDR(self)', 'a CIDR')

/** The same, or a single address. */
export const addressOrRangeSchema = rangeSchema('isIP(self) || isCIDR(self)', 'an address, nor a CIDR,')
