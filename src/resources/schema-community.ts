import type { CelRule } from './schema.ts'

const sections = "self.split(':', 5)"

/** What looks like a community must be one; anything else may be an alias. The words are those that tools know. */
export const communityRules: readonly CelRule[] = [
  {
    rule: `size(${sections}) != 2 || ${sections}.all(part, part.matches('^[0-9]{1,10}$') && int(part) <= 65535)`,
    message: 'invalid community value: invalid section, must be 0 to 65535',
    messageExpression: `'invalid community value: invalid section in "' + self + '", must be 0 to 65535'`,
  },
  {
    rule: `size(${sections}) != 4 || self.startsWith('large:')`,
    message: 'invalid community value: expected community to be of format large',
    messageExpression: `'invalid community value: expected community to be of format large, got "' + self + '"'`,
  },
  {
    rule: `size(${sections}) != 4 || !self.startsWith('large:') || self.substring(6).split(':', 4).all(part, part.matches('^[0-9]{1,10}$') && int(part) <= 4294967295)`,
    message: 'invalid community value: invalid section, must be 0 to 4294967295',
    messageExpression: `'invalid community value: invalid section in "' + self + '", must be 0 to 4294967295'`,
  },
]
