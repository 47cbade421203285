import assert from 'node:assert/strict'
import { createLogger } from '../../../../src/bin/common/logger.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'

describe('logger', () => {
  const lines: Record<string, unknown>[] = []
  const logger = createLogger(
    { name: 'controller', level: 'info' },
    { write: line => void lines.push(JSON.parse(line)) },
  )
  beforeEach(() => lines.splice(0))

  it('tells what the API server answered in its words, without a stack', () => {
    const cause = new Error('connect ECONNREFUSED')
    logger.warn({ err: new ApiError('unreachable', 'get leases "h/x": no answer', { cause }) }, 'could not')
    const { stack, ...err } = lines[0]!.err as Record<string, unknown>
    assert.equal(stack, undefined)
    assert.deepEqual([err.code, err.message, err.cause], ['unreachable', 'get leases "h/x": no answer', cause.message])
  })

  it('shows where a bug is', () => {
    logger.error({ err: new TypeError('x is not a function') }, 'failed')
    assert.match(String((lines[0]!.err as Record<string, unknown>).stack), /logger\.test\.ts/)
  })

  it('gives level and time in words, and keeps quiet below its level', () => {
    logger.debug({}, 'nothing')
    logger.info({ pool: 'p' }, 'something')
    assert.equal(lines.length, 1)
    assert.deepEqual([lines[0]?.level, lines[0]?.pool, lines[0]?.msg], ['info', 'p', 'something'])
    assert.match(String(lines[0]?.time), /^\d{4}-\d\d-\d\dT/)
  })
})
