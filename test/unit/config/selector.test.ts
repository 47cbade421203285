import assert from 'node:assert/strict'
import { checkSelector, type LabelSelector, matchesSelector } from '../../../src/config/selector.ts'

const labels = { zone: 'a', tier: 'web', empty: '' }

const matches: { selector: LabelSelector; expected: boolean }[] = [
  { selector: {}, expected: true },
  { selector: { matchLabels: {} }, expected: true },
  { selector: { matchLabels: { zone: 'a' } }, expected: true },
  { selector: { matchLabels: { zone: 'b' } }, expected: false },
  { selector: { matchLabels: { zone: 'a', tier: 'db' } }, expected: false },
  { selector: { matchLabels: { empty: '' } }, expected: true },
  { selector: { matchLabels: { missing: '' } }, expected: false },
  { selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }, expected: true },
  { selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }, expected: false },
  { selector: { matchExpressions: [{ key: 'missing', operator: 'In', values: ['a'] }] }, expected: false },
  { selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['b'] }] }, expected: true },
  { selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, expected: false },
  { selector: { matchExpressions: [{ key: 'missing', operator: 'NotIn', values: ['a'] }] }, expected: true },
  { selector: { matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, expected: true },
  { selector: { matchExpressions: [{ key: 'missing', operator: 'Exists' }] }, expected: false },
  { selector: { matchExpressions: [{ key: 'missing', operator: 'DoesNotExist' }] }, expected: true },
  { selector: { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, expected: false },
  { selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, expected: false },
  {
    selector: { matchLabels: { zone: 'a' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['db'] }] },
    expected: false,
  },
]

const problems: { selector: unknown; message: string | undefined }[] = [
  { selector: {}, message: undefined },
  { selector: { matchLabels: { 'example.com/zone': 'a', b: '' } }, message: undefined },
  { selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x'] }] }, message: undefined },
  { selector: undefined, message: 'must be a label selector' },
  { selector: [], message: 'must be a label selector' },
  { selector: { matchLabels: [] }, message: 'matchLabels: must map label keys to values' },
  { selector: { matchLabels: { 'a b': 'x' } }, message: 'matchLabels["a b"]: "a b" is no label key' },
  { selector: { matchLabels: { 'A.b/c': 'x' } }, message: 'matchLabels["A.b/c"]: "A.b/c" is no label key' },
  { selector: { matchLabels: { a: 'x y' } }, message: 'matchLabels["a"]: "x y" is no label value' },
  { selector: { matchLabels: { a: 7 } }, message: 'matchLabels["a"]: 7 is no label value' },
  { selector: { matchExpressions: {} }, message: 'matchExpressions: must be a list' },
  { selector: { matchExpressions: [7] }, message: 'matchExpressions[0]: must have a key and an operator' },
  {
    selector: { matchExpressions: [{ operator: 'Exists' }] },
    message: 'matchExpressions[0].key: undefined is no label key',
  },
  {
    selector: { matchExpressions: [{ key: 'a', operator: 'in' }] },
    message: 'matchExpressions[0].operator: "in" is none of In, NotIn, Exists, DoesNotExist',
  },
  {
    selector: {
      matchExpressions: [
        { key: 'a', operator: 'Exists' },
        { key: 'a', operator: 'In' },
      ],
    },
    message: 'matchExpressions[1].values: must not be empty with operator In',
  },
  {
    selector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['ok', 'not ok'] }] },
    message: 'matchExpressions[0].values[1]: "not ok" is no label value',
  },
  {
    selector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist', values: ['x'] }] },
    message: 'matchExpressions[0].values: must be empty with operator DoesNotExist',
  },
]

describe('label selector', () => {
  for (const { selector, expected } of matches) {
    it(`${expected ? 'matches' : 'does not match'}: ${JSON.stringify(selector)}`, () => {
      assert.equal(matchesSelector(selector, labels), expected)
    })
  }

  for (const { selector, message } of problems) {
    it(`${message ?? 'is right'}: ${JSON.stringify(selector)}`, () => assert.equal(checkSelector(selector), message))
  }
})
