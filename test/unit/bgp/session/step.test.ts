import assert from 'node:assert/strict'
import type { ProtocolError } from '../../../../src/bgp/error-codes.ts'
import type { SessionEvent, SessionEventType } from '../../../../src/bgp/session/event.ts'
import {
  SESSION_STATE_NAMES,
  type SessionContext,
  type SessionState,
  type SessionStateName,
} from '../../../../src/bgp/session/state.ts'
import { stepSession } from '../../../../src/bgp/session/step.ts'
import { brief, ipv4, ipv6, negotiated, peerOpen, peerSettings, restartNegotiated } from './samples.ts'

const none = new Uint8Array(0)
const routes = { type: 'update', withdrawn: [], attributes: {}, announced: [] } as const

function wrong(code: number, subcode: number): ProtocolError {
  return { code, subcode, data: Uint8Array.of(7), reason: 'a wrong one' }
}

/** Every event by its type; some in more than one kind, named after a blank. */
const events = {
  start: { type: 'start' },
  stop: { type: 'stop', reason: { type: 'shutdown', communication: 'hi' } },
  connectRetryTimer: { type: 'connectRetryTimer' },
  holdTimer: { type: 'holdTimer' },
  keepaliveTimer: { type: 'keepaliveTimer' },
  tcpConnected: { type: 'tcpConnected', connection: 'outgoing-1' },
  tcpClosed: { type: 'tcpClosed', cause: 'reset by peer' },
  open: peerOpen(),
  'open of another AS': peerOpen({ asNumber: 64999 }),
  notification: { type: 'notification', code: 6, subcode: 4, data: none },
  'notification of the version': { type: 'notification', code: 2, subcode: 1, data: Uint8Array.of(0, 4) },
  keepalive: { type: 'keepalive' },
  update: routes,
  routeRefresh: { type: 'routeRefresh', ...ipv4, subtype: 0 },
  'routeRefresh of another family': { type: 'routeRefresh', ...ipv6, subtype: 0 },
  'routeRefresh of the peer itself': { type: 'routeRefresh', ...ipv4, subtype: 1 },
  protocolError: { type: 'protocolError', error: wrong(1, 2) },
  'protocolError of an OPEN': { type: 'protocolError', error: wrong(2, 4) },
  'protocolError of an UPDATE': { type: 'protocolError', error: wrong(3, 1) },
  collisionDump: { type: 'collisionDump' },
  sendHoldTimer: { type: 'sendHoldTimer' },
} as const satisfies Record<SessionEventType, SessionEvent> & Record<string, SessionEvent>
type EventName = keyof typeof events

const [outgoing, incoming] = ['outgoing', 'incoming'] as const
const connection = 'outgoing-1' as const

/** Every state, the first three of both directions. */
const states = {
  Idle: { name: 'Idle', direction: outgoing },
  'Idle, incoming': { name: 'Idle', direction: incoming },
  Connect: { name: 'Connect', direction: outgoing, connection, retries: 2 },
  Active: { name: 'Active', direction: outgoing, retries: 2 },
  'Active, incoming': { name: 'Active', direction: incoming, retries: 0 },
  OpenSent: { name: 'OpenSent', direction: outgoing, connection, retries: 2 },
  'OpenSent, incoming': { name: 'OpenSent', direction: incoming, connection, retries: 0 },
  OpenConfirm: { name: 'OpenConfirm', direction: outgoing, connection, negotiated },
  Established: { name: 'Established', direction: outgoing, connection, negotiated },
} as const satisfies Record<string, SessionState>
type StateLabel = keyof typeof states

/** Jitter at its upper end: the nominal delays. */
const context: SessionContext = {
  ...peerSettings(),
  restarting: false,
  nextConnection: 'outgoing-2',
  random: () => 1,
}

/** The state to come and the actions; the connection is named only when it is another one. */
type Row = readonly [SessionStateName, ...string[]]
type Column = Readonly<Record<EventName, Row>>

function row(state: SessionState, event: SessionEvent): Row {
  const step = stepSession(state, event, context)
  return [step.state.name, ...step.actions.map(action => brief(action).replace(' outgoing-1', ''))]
}

/** What a state without a connection does; `other`: with what only a connection can bring (RFC 4271 §8.2.2, "any other event"). */
function offline(
  some: Pick<Column, 'start' | 'stop' | 'connectRetryTimer' | 'tcpConnected' | 'tcpClosed'>,
  other: Row,
): Column {
  return {
    ...some,
    holdTimer: other,
    keepaliveTimer: other,
    open: other,
    'open of another AS': other,
    notification: other,
    'notification of the version': other,
    keepalive: other,
    update: other,
    routeRefresh: other,
    'routeRefresh of another family': other,
    'routeRefresh of the peer itself': other,
    protocolError: other,
    'protocolError of an OPEN': other,
    'protocolError of an UPDATE': other,
    collisionDump: other,
    sendHoldTimer: other,
  }
}

const nothing = { stop: ['Idle'], connectRetryTimer: ['Idle'], tcpConnected: ['Idle'], tcpClosed: ['Idle'] } as const
const openSentNow: Row = ['OpenSent', 'clear connectRetry', 'send open', 'set hold 240000']
const established = ['clear hold', 'clear keepalive'] as const

function down(reason: string, ...actions: string[]): Row {
  return ['Idle', `down ${reason}`, ...established, ...actions]
}

const table: Readonly<Record<StateLabel, Column>> = {
  Idle: offline({ ...nothing, start: ['Connect', 'set connectRetry 10000', 'connect outgoing-2'] }, ['Idle']),
  'Idle, incoming': offline({ ...nothing, start: ['Active'] }, ['Idle']),
  Connect: offline(
    {
      start: ['Connect'],
      stop: ['Idle', 'clear connectRetry', 'close'],
      connectRetryTimer: ['Connect', 'close', 'set connectRetry 10000', 'connect outgoing-2'],
      tcpConnected: openSentNow,
      tcpClosed: ['Active', 'set connectRetry 4000'],
    },
    ['Idle', 'clear connectRetry', 'close'],
  ),
  Active: offline(
    {
      start: ['Active'],
      stop: ['Idle', 'clear connectRetry'],
      connectRetryTimer: ['Connect', 'set connectRetry 10000', 'connect outgoing-2'],
      tcpConnected: openSentNow,
      tcpClosed: ['Active'],
    },
    ['Idle', 'clear connectRetry'],
  ),
  'Active, incoming': offline(
    {
      start: ['Active'],
      stop: ['Idle'],
      connectRetryTimer: ['Active'],
      tcpConnected: ['OpenSent', 'send open', 'set hold 240000'],
      tcpClosed: ['Active'],
    },
    ['Idle'],
  ),
  OpenSent: openSent(['Active', 'clear hold', 'set connectRetry 4000']),
  'OpenSent, incoming': openSent(['Active', 'clear hold']),
  OpenConfirm: {
    start: ['OpenConfirm'],
    stop: ['Idle', ...established, 'send 6/2 026869', 'close'],
    connectRetryTimer: ['Idle', ...established, 'send 5/0', 'close'],
    holdTimer: ['Idle', ...established, 'send 4/0', 'close'],
    keepaliveTimer: ['OpenConfirm', 'send keepalive', 'set keepalive 30000'],
    tcpConnected: ['OpenConfirm'],
    tcpClosed: ['Idle', ...established],
    open: ['Idle', ...established, 'send 5/2 01', 'close'],
    'open of another AS': ['Idle', ...established, 'send 5/2 01', 'close'],
    notification: ['Idle', ...established, 'close'],
    'notification of the version': ['Idle', ...established, 'close'],
    keepalive: ['Established', 'set hold 90000', 'established'],
    update: ['Idle', ...established, 'send 5/2 02', 'close'],
    routeRefresh: ['Idle', ...established, 'send 5/2 05', 'close'],
    'routeRefresh of another family': ['Idle', ...established, 'send 5/2 05', 'close'],
    'routeRefresh of the peer itself': ['Idle', ...established, 'send 5/2 05', 'close'],
    protocolError: ['Idle', ...established, 'send 1/2 07', 'close'],
    'protocolError of an OPEN': ['Idle', ...established, 'send 2/4 07', 'close'],
    'protocolError of an UPDATE': ['Idle', ...established, 'send 3/1 07', 'close'],
    collisionDump: ['Idle', ...established, 'send 6/7', 'close'],
    sendHoldTimer: ['Idle', ...established, 'send 5/0', 'close'],
  },
  Established: {
    start: ['Established'],
    stop: down('shutdown', 'send 6/2 026869', 'close'),
    connectRetryTimer: down('unexpectedEvent', 'send 5/0', 'close'),
    holdTimer: down('holdTimerExpired', 'send 4/0', 'close'),
    keepaliveTimer: ['Established', 'send keepalive', 'set keepalive 30000'],
    tcpConnected: ['Established'],
    tcpClosed: down('connectionLost'),
    open: down('unexpectedEvent', 'send 5/3 01', 'close'),
    'open of another AS': down('unexpectedEvent', 'send 5/3 01', 'close'),
    notification: down('notificationReceived', 'close'),
    'notification of the version': down('notificationReceived', 'close'),
    keepalive: ['Established', 'set hold 90000'],
    update: ['Established', 'set hold 90000', 'update'],
    routeRefresh: ['Established', 'refresh IPv4'],
    'routeRefresh of another family': ['Established'],
    'routeRefresh of the peer itself': ['Established'],
    protocolError: down('protocolError', 'send 1/2 07', 'close'),
    'protocolError of an OPEN': down('protocolError', 'send 2/4 07', 'close'),
    'protocolError of an UPDATE': down('protocolError', 'send 3/1 07', 'close'),
    collisionDump: down('collision', 'send 6/7', 'close'),
    sendHoldTimer: down('sendHoldTimerExpired', 'abort'),
  },
}

function openSent(tcpClosed: Row): Column {
  return {
    start: ['OpenSent'],
    stop: ['Idle', 'clear hold', 'send 6/2 026869', 'close'],
    connectRetryTimer: ['Idle', 'clear hold', 'send 5/0', 'close'],
    holdTimer: ['Idle', 'clear hold', 'send 4/0', 'close'],
    keepaliveTimer: ['Idle', 'clear hold', 'send 5/0', 'close'],
    tcpConnected: ['OpenSent'],
    tcpClosed,
    open: ['OpenConfirm', 'send keepalive', 'set hold 90000', 'set keepalive 30000'],
    'open of another AS': ['Idle', 'clear hold', 'send 2/2', 'close'],
    notification: ['Idle', 'clear hold', 'close'],
    'notification of the version': ['Idle', 'clear hold', 'close'],
    keepalive: ['Idle', 'clear hold', 'send 5/1 04', 'close'],
    update: ['Idle', 'clear hold', 'send 5/1 02', 'close'],
    routeRefresh: ['Idle', 'clear hold', 'send 5/1 05', 'close'],
    'routeRefresh of another family': ['Idle', 'clear hold', 'send 5/1 05', 'close'],
    'routeRefresh of the peer itself': ['Idle', 'clear hold', 'send 5/1 05', 'close'],
    protocolError: ['Idle', 'clear hold', 'send 1/2 07', 'close'],
    'protocolError of an OPEN': ['Idle', 'clear hold', 'send 2/4 07', 'close'],
    'protocolError of an UPDATE': ['Idle', 'clear hold', 'send 3/1 07', 'close'],
    collisionDump: ['Idle', 'clear hold', 'send 6/7', 'close'],
    sendHoldTimer: ['Idle', 'clear hold', 'send 5/0', 'close'],
  }
}

describe('the state machine of a BGP session', () => {
  it('has every state in its table, and in each every event', () => {
    const names = new Set(Object.values(states).map(state => state.name))
    assert.deepEqual([...names].sort(), [...SESSION_STATE_NAMES].sort())
    for (const label of Object.keys(states)) {
      const rows = table[label as StateLabel]
      assert.deepEqual(Object.keys(rows ?? {}).sort(), Object.keys(events).sort(), label)
    }
  })

  for (const [label, state] of Object.entries(states)) {
    for (const [name, event] of Object.entries(events)) {
      it(`${label}: ${name}`, () => {
        assert.deepEqual(row(state, event), table[label as StateLabel][name as EventName])
      })
    }
  }

  it('has a reason in words for every change of state', () => {
    for (const state of Object.values(states)) {
      for (const event of Object.values(events)) {
        const { state: after, reason } = stepSession(state, event, context)
        if (after.name !== state.name) assert.match(reason?.text ?? '', /^[^\n]{6,}$/, `${state.name}, ${event.type}`)
        assert.equal(after.direction, state.direction)
      }
    }
  })

  it('has no timers once it is up where the hold time is zero', () => {
    const { state, actions } = stepSession(states.OpenSent, peerOpen({ holdTimeSeconds: 0 }), context)
    assert.deepEqual(actions.map(brief), ['send keepalive outgoing-1'])
    const expired = stepSession(state, events.holdTimer, context)
    assert.equal(expired.reason?.text, 'nothing was heard from the peer for 240 s')
    assert.equal(brief(expired.actions[0]!), 'clear hold outgoing-1')
    const up = stepSession(state, events.keepalive, context)
    assert.deepEqual(up.actions.map(brief), ['clear hold outgoing-1', 'established outgoing-1'])
    const over = stepSession(up.state, events.tcpClosed, context)
    assert.deepEqual(over.actions.map(brief), ['down connectionLost outgoing-1'])
  })

  it('says with a Hard Reset that graceful restart is over, where the peer would keep routes otherwise', () => {
    const state = { ...states.Established, negotiated: { ...negotiated, gracefulRestart: restartNegotiated } }
    const { actions } = stepSession(state, { type: 'stop', reason: { type: 'bfdDown' } }, context)
    assert.deepEqual(actions.map(brief).at(-2), 'send 6/9 060a outgoing-1')
  })

  it('tries faster at first than configured, never slower, and with jitter', () => {
    const delay = (retries: number, connectRetrySeconds: number, random: number) => {
      const from = { ...states.Connect, retries }
      const settings = peerSettings({ connectRetrySeconds })
      const { actions } = stepSession(from, events.tcpClosed, { ...context, ...settings, random: () => random })
      return actions.map(brief).join()
    }
    const delays = [0, 1, 2, 6, 7, 20].map(retries => delay(retries, 120, 1))
    assert.deepEqual(
      delays,
      [1000, 2000, 4000, 64_000, 120_000, 120_000].map(ms => `set connectRetry ${ms}`),
    )
    assert.equal(delay(3, 5, 1), 'set connectRetry 5000')
    // RFC 4271 §10
    assert.equal(delay(7, 120, 0), 'set connectRetry 90000')
    const { actions } = stepSession(states.Established, events.keepaliveTimer, { ...context, random: () => 0 })
    assert.equal(brief(actions[1]!), 'set keepalive outgoing-1 22500')
  })

  it('says in the OPEN that it restarts', () => {
    const settings = peerSettings({ gracefulRestart: true })
    for (const restarting of [true, false]) {
      const { actions } = stepSession(states.Connect, events.tcpConnected, { ...context, ...settings, restarting })
      const open = actions.find(action => action.type === 'send')?.message
      assert.ok(open?.type === 'open')
      const capability = open.capabilities.find(each => each.type === 'gracefulRestart')
      assert.equal(capability?.restarting, restarting)
    }
  })
})
