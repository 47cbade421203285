/** Why somebody ends a session on purpose, and what the peer is told; the text travels as in RFC 9003. */
export type AdministrativeStop = {
  /**
   * `shutdown`: Cease, Administrative Shutdown. `deconfigured`: the peer is configured no more. `reset`: Administrative Reset.
   * These three end graceful restart too: the peer forgets the routes. `gracefulRestart`: this speaker will be back, and the peer
   * keeps the routes until then if it can.
   */
  readonly type: 'shutdown' | 'deconfigured' | 'reset' | 'gracefulRestart'
  /** cut to 255 octets; deconfigured cannot carry it */
  readonly communication?: string
}

/** Events 2 (ManualStop) and 8 (AutomaticStop) of RFC 4271 §8.1, told apart by their reason. */
export type StopReason =
  | AdministrativeStop
  /** `continued`: the next session is between the same two speakers, so that the peer may keep the routes */
  | { readonly type: 'configurationChanged'; readonly fields: readonly string[]; readonly continued: boolean }
  | { readonly type: 'bfdDown' }
  /** RFC 4724 §4.2: the old connection ends without a NOTIFICATION */
  | { readonly type: 'replaced' }
  /** the other connection has ended the session, or holds it */
  | { readonly type: 'otherConnection' }
