import { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import type { LargeCommunity, PathAttributes } from '../message.ts'
import { type AttributeCodec, type AttributeDraft, AttributeKind, withdrawFor, wrongLength } from './attribute-codec.ts'

/** RFC 1997, RFC 7606 §7.8 */
export const communities = communityAttribute<number>({
  code: 8,
  octets: 4,
  read: reader => reader.uint32(),
  write: (writer, community) => writer.uint32(community),
  get: attributes => attributes.communities,
  set: (draft, list) => {
    draft.communities = list
  },
})

/** RFC 4360 §2, RFC 7606 §7.14 */
export const extendedCommunities = communityAttribute<bigint>({
  code: 16,
  octets: 8,
  read: reader => reader.uint64(),
  write: (writer, community) => writer.uint64(community),
  get: attributes => attributes.extendedCommunities,
  set: (draft, list) => {
    draft.extendedCommunities = list
  },
})

/** RFC 8092 §3 and §6 */
export const largeCommunities = communityAttribute<LargeCommunity>({
  code: 32,
  octets: 12,
  read: reader => ({
    globalAdministrator: reader.uint32(),
    localData1: reader.uint32(),
    localData2: reader.uint32(),
  }),
  write: (writer, { globalAdministrator, localData1, localData2 }) =>
    writer.uint32(globalAdministrator).uint32(localData1).uint32(localData2),
  get: attributes => attributes.largeCommunities,
  set: (draft, list) => {
    draft.largeCommunities = list
  },
})

/** RFC 5701 §2, RFC 7606 §7.15 */
export const ipv6ExtendedCommunities: AttributeCodec = {
  code: 25,
  kind: AttributeKind.optionalTransitive,
  decode: value => (value.length > 0 && value.length % 20 === 0 ? undefined : wrongLength(value, withdrawFor)),
}

/** Each of these attributes is a list of communities of one length, and never an empty one. */
function communityAttribute<Community>(shape: {
  code: number
  octets: number
  read: (reader: Reader) => Community
  write: (writer: Writer, community: Community) => void
  get: (attributes: PathAttributes) => readonly Community[] | undefined
  set: (draft: AttributeDraft, list: readonly Community[]) => void
}): AttributeCodec {
  const { code, octets, read, write, get, set } = shape
  return {
    code,
    kind: AttributeKind.optionalTransitive,
    decode: (value, draft) => {
      if (value.length === 0 || value.length % octets !== 0) return wrongLength(value, withdrawFor)
      const reader = new Reader(value)
      set(
        draft,
        Array.from({ length: value.length / octets }, () => read(reader)),
      )
      return undefined
    },
    encode: (attributes, begin) => {
      const list = get(attributes)
      if (!list?.length) return
      const writer = begin(list.length * octets)
      for (const community of list) write(writer, community)
    },
  }
}
