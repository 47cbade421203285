import type { Family } from '../../ip/address.ts'
import type { Prefix } from '../../ip/prefix.ts'
import type { CodecOptions } from '../codec/codec-options.ts'
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from '../codec/layout.ts'
import { encodePathAttributes } from '../codec/path-attributes.ts'
import { UPDATE_LENGTH_FIELDS } from '../codec/update.ts'
import { type PathAttributes, SAFI_UNICAST, type UpdateMessage } from '../message.ts'
import type { RouteAttributes } from '../route.ts'
import { AFI_OF, canAnnounce, type ExportSession, needsMpReach, pathAttributes } from './export-session.ts'

// An UPDATE (RFC 4271 §4.3) RFC 7606 §5.1 lets have only one of: withdrawn prefixes, announced prefixes, MP_REACH_NLRI, MP_UNREACH_NLRI.

const UPDATE_OVERHEAD = HEADER_LENGTH + UPDATE_LENGTH_FIELDS
/** What an attribute's length takes more when it does not fit one octet (RFC 4271 §4.3, the Extended Length bit). */
const EXTENDED_LENGTH_OVERHEAD = 1
/** MP_UNREACH_NLRI (RFC 4760 §4): flags, type, extended length, address family */
const MP_UNREACH_OVERHEAD = 4 + 3

/** UPDATEs of one kind: what they can hold, and how they are made. */
export interface UpdateTemplate {
  /** octets for prefixes */
  readonly room: number
  message(prefixes: readonly Prefix[]): UpdateMessage
}

/** The longest message of a session (RFC 8654 §4). */
function maximumLength({ extendedMessage }: Pick<CodecOptions, 'extendedMessage'>): number {
  return extendedMessage ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH
}

/** UPDATEs that announce prefixes of a family with these attributes; undefined when the session does not allow it, or they would not fit. */
export function announcing(
  route: RouteAttributes,
  family: Family,
  session: ExportSession,
  gracefulShutdown: boolean,
): UpdateTemplate | undefined {
  if (!canAnnounce(session, family)) return undefined
  const { negotiated, nextHops } = session
  const longest = maximumLength(negotiated)
  // So many would not even fit the lengths of the attributes.
  if (4 * route.communities.length + 12 * route.largeCommunities.length > longest) return undefined
  const nextHop = nextHops[family]!
  const own = pathAttributes(route, session, gracefulShutdown)
  const mp = needsMpReach(session, family)
  const attributes = (announced: readonly Prefix[]): PathAttributes =>
    mp
      ? { ...own, mpReach: { afi: AFI_OF[family], safi: SAFI_UNICAST, nextHop, announced } }
      : { ...own, nextHop: nextHop.global! }
  const length = UPDATE_OVERHEAD + encodePathAttributes(attributes([]), negotiated).length
  const room = longest - length - (mp ? EXTENDED_LENGTH_OVERHEAD : 0)
  // A host route with its length.
  if (room < (family === 4 ? 5 : 17)) return undefined
  return {
    room,
    message: prefixes => ({
      type: 'update',
      withdrawn: [],
      attributes: attributes(prefixes),
      announced: mp ? [] : prefixes,
    }),
  }
}

/** UPDATEs that withdraw prefixes of a family. */
export function withdrawing(family: Family, options: Pick<CodecOptions, 'extendedMessage'>): UpdateTemplate {
  const room = maximumLength(options) - UPDATE_OVERHEAD
  if (family === 4) {
    return { room, message: withdrawn => ({ type: 'update', withdrawn, attributes: {}, announced: [] }) }
  }
  return {
    room: room - MP_UNREACH_OVERHEAD,
    message: withdrawn => ({
      type: 'update',
      withdrawn: [],
      attributes: { mpUnreach: { afi: AFI_OF[family], safi: SAFI_UNICAST, withdrawn } },
      announced: [],
    }),
  }
}
