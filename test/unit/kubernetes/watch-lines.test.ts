import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseWatchEvent } from '../../../src/kubernetes/watch-event.ts'
import { LineSplitter } from '../../../src/kubernetes/watch-lines.ts'

describe('LineSplitter', () => {
  const linesOf = (splitter: LineSplitter, chunk: Uint8Array): string[] => {
    const split = splitter.push(chunk)
    assert.ok('lines' in split)
    return split.lines
  }

  it('gives the same lines wherever the bytes are cut, within characters too', () => {
    const text = '{"a":"ü€𝄞"}\n\n{"b":1}\r\n{"c":"'
    const bytes = Buffer.from(text)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const splitter = new LineSplitter()
        const lines = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)].flatMap(chunk =>
          linesOf(splitter, chunk),
        )
        assert.deepEqual(lines, ['{"a":"ü€𝄞"}', '{"b":1}'])
        assert.equal(splitter.pendingBytes, 6)
      }
    }
  })

  it('refuses a line that is too long, whether it has ended or not', () => {
    for (const end of ['', '\n']) {
      const splitter = new LineSplitter({ maxLineBytes: 8 })
      assert.deepEqual(splitter.push(Buffer.from('12345678\n1234')), { lines: ['12345678'] })
      assert.deepEqual(splitter.push(Buffer.from(`56789${end}`)), { problem: 'lineTooLong' })
    }
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), chunks => {
        const splitter = new LineSplitter({ maxLineBytes: 30 })
        for (const chunk of chunks) if ('problem' in splitter.push(chunk)) return
      }),
    )
  })
})

describe('parseWatchEvent', () => {
  const metadata = { name: 'n', resourceVersion: '7' }
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  const read: [line: object, event: object][] = [
    [
      { type: 'ADDED', object: { metadata } },
      { type: 'ADDED', object: { metadata } },
    ],
    [
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
      { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: false },
    ],
    [
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9', annotations } } },
      { type: 'BOOKMARK', resourceVersion: '9', initialEventsEnd: true },
    ],
    [
      { type: 'ERROR', object: { code: 410 } },
      { type: 'ERROR', status: { code: 410 } },
    ],
  ]
  for (const [line, event] of read) {
    it(`reads ${JSON.stringify(line)}`, () => assert.deepEqual(parseWatchEvent(JSON.stringify(line)), event))
  }

  const refused: [line: string, problem: RegExp][] = [
    ['{"type":', /not JSON/],
    ['[]', /no object/],
    ['null', /no object/],
    ['{"type":"ADDED"}', /no object/],
    ['{"type":"ADDED","object":{}}', /without name/],
    ['{"type":"ADDED","object":{"metadata":{"name":"n"}}}', /without name or resourceVersion/],
    ['{"type":"MOVED","object":{}}', /unknown type/],
  ]
  for (const [line, problem] of refused) {
    it(`refuses ${line}`, () => {
      const event = parseWatchEvent(line)
      assert.ok('problem' in event)
      assert.match(event.problem, problem)
    })
  }

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), line => void parseWatchEvent(line)))
    fc.assert(
      fc.property(fc.constantFrom('ADDED', 'BOOKMARK', 'ERROR'), fc.jsonValue(), (type, object) => {
        parseWatchEvent(JSON.stringify({ type, object }))
      }),
    )
  })
})
