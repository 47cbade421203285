import assert from 'node:assert/strict'
import {
  CeaseSubcode,
  ErrorCode,
  hardReset,
  readShutdownCommunication,
  shutdownCommunication,
} from '../../../src/bgp/error-codes.ts'
import { fromDump } from './codec/dump.ts'

describe('BGP shutdown communication (RFC 9003)', () => {
  const golden: { name: string; text: string; dump: string }[] = [
    { name: 'ASCII', text: 'drained', dump: '07 647261696e6564' },
    { name: 'characters of several octets', text: 'é…', dump: '05 c3a9e280a6' },
    { name: '255 octets', text: 'x'.repeat(255), dump: `ff ${'78'.repeat(255)}` },
  ]
  for (const { name, text, dump } of golden) {
    it(`reads and writes ${name}`, () => {
      assert.deepEqual(shutdownCommunication(text), fromDump(dump))
      assert.equal(readShutdownCommunication(fromDump(dump)), text)
    })
  }

  it('cuts a text that is too long behind a whole character', () => {
    assert.equal(readShutdownCommunication(shutdownCommunication('x'.repeat(300))), 'x'.repeat(255))
    assert.equal(readShutdownCommunication(shutdownCommunication(`${'x'.repeat(254)}é`)), 'x'.repeat(254))
    assert.equal(readShutdownCommunication(shutdownCommunication('€'.repeat(86))), '€'.repeat(85))
  })

  const others: { name: string; dump: string; text: string | undefined }[] = [
    { name: 'no data', dump: '', text: undefined },
    { name: 'an empty text', dump: '00', text: undefined },
    { name: 'a text broken off', dump: '03 6162', text: undefined },
    { name: 'what is no UTF-8', dump: '02 c328', text: undefined },
    { name: 'half a character', dump: '01 c3', text: undefined },
    { name: 'octets behind the text', dump: '02 6162 63', text: 'ab' },
    { name: 'control characters', dump: '07 611b5b336d0a62', text: 'a [3m b' },
  ]
  for (const { name, dump, text } of others) {
    it(`reads ${name} as ${text ?? 'none'}`, () => assert.equal(readShutdownCommunication(fromDump(dump)), text))
  }
})

describe('BGP hard reset (RFC 8538)', () => {
  it('carries the error that it stands for', () => {
    const error = {
      code: ErrorCode.cease,
      subcode: CeaseSubcode.administrativeShutdown,
      data: shutdownCommunication('bye'),
      reason: 'stopped',
    }
    assert.deepEqual(hardReset(error), { code: 6, subcode: 9, data: fromDump('06 02 03 627965'), reason: 'stopped' })
  })
})
