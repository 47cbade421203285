import assert from 'node:assert/strict'
import type { Negotiated, NegotiatedGracefulRestart } from '../../../../src/bgp/negotiation.ts'
import { ceaseFor, reasonOfStop } from '../../../../src/bgp/session/cease.ts'
import { notification } from '../../../../src/bgp/session/leave.ts'
import type { StopReason } from '../../../../src/bgp/session/stop-reason.ts'
import { briefMessage, negotiated, restartNegotiated } from './samples.ts'

function withRestart(gracefulRestart: NegotiatedGracefulRestart): Negotiated {
  return { ...negotiated, gracefulRestart }
}

const sessions = {
  plain: negotiated,
  /** RFC 4724 alone */
  restart: withRestart({ ...restartNegotiated, notification: false }),
  /** with RFC 8538 */
  notification: withRestart(restartNegotiated),
  beforeOpen: undefined,
} as const

const communication = 'hi'
const fields = ['password']
const silent = 'silent'

interface Row {
  readonly reason: StopReason
  /** what is sent on each kind of session */
  readonly says: Readonly<Record<keyof typeof sessions, string>>
  readonly text: string
}

const rows: readonly Row[] = [
  {
    reason: { type: 'shutdown', communication },
    says: { plain: '6/2 026869', restart: '6/2 026869', notification: '6/9 0602026869', beforeOpen: '6/2 026869' },
    text: 'shut down: hi',
  },
  {
    reason: { type: 'deconfigured', communication },
    says: { plain: '6/3', restart: '6/3', notification: '6/9 0603', beforeOpen: '6/3' },
    text: 'the peer is configured no more',
  },
  {
    reason: { type: 'reset' },
    says: { plain: '6/4', restart: '6/4', notification: '6/9 0604', beforeOpen: '6/4' },
    text: 'reset',
  },
  {
    // The peer keeps the routes: nothing is said unless it is agreed that saying it does no harm.
    reason: { type: 'gracefulRestart', communication },
    says: { plain: '6/2 026869', restart: silent, notification: '6/4 026869', beforeOpen: '6/2 026869' },
    text: 'this speaker restarts: hi',
  },
  {
    reason: { type: 'configurationChanged', fields, continued: true },
    says: { plain: '6/6', restart: silent, notification: '6/6', beforeOpen: '6/6' },
    text: 'its configuration has changed: password',
  },
  {
    reason: { type: 'configurationChanged', fields: ['localAs', 'vrf'], continued: false },
    says: { plain: '6/6', restart: '6/6', notification: '6/9 0606', beforeOpen: '6/6' },
    text: 'its configuration has changed: localAs, vrf',
  },
  {
    reason: { type: 'bfdDown' },
    says: { plain: '6/10', restart: '6/10', notification: '6/9 060a', beforeOpen: '6/10' },
    text: 'BFD has lost the peer',
  },
  {
    reason: { type: 'replaced' },
    says: { plain: silent, restart: silent, notification: silent, beforeOpen: silent },
    text: 'the peer has restarted and opened a new connection',
  },
  {
    reason: { type: 'otherConnection' },
    says: { plain: '6/7', restart: '6/7', notification: '6/7', beforeOpen: '6/7' },
    text: 'the other connection with the peer has decided',
  },
]

describe('what a peer is told when a session is ended on purpose', () => {
  for (const { reason, says, text } of rows) {
    it(text, () => {
      for (const kind of Object.keys(sessions) as (keyof typeof sessions)[]) {
        const error = ceaseFor(reason, sessions[kind])
        assert.equal(error ? briefMessage(notification(error)) : silent, says[kind], kind)
      }
      assert.deepEqual(reasonOfStop(reason), { code: reason.type, text })
    })
  }
})
