import { AS_TRANS } from '../codec/layout.ts'

/** draft-ietf-idr-link-bandwidth §2: an extended community of a two-octet AS number, not transitive, and its sub-type. */
const TYPE_AND_SUBTYPE = 0x4004n

/**
 * What one path's weight is told as: 1 Mbit/s in bytes a second. Routers weigh by the ratio alone, so the unit is free. This one is what FRR's
 * `set extcommunity bandwidth num-multipaths` uses for each path, so that both can meet at one router; operators then read the number of
 * endpoints as megabits; routers that count in whole bytes or kilobits lose nothing; a thousand are exact in the IEEE float, and a sum of 34,000 still
 * fits the 32 bits that FRR keeps it in.
 */
const BYTES_PER_SECOND_PER_WEIGHT = 125_000

/**
 * The link bandwidth community.
 *
 * @param asNumber AS_TRANS stands for one of four octets, as its field has two
 */
export function linkBandwidth(asNumber: number, weight: number): bigint {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, weight * BYTES_PER_SECOND_PER_WEIGHT)
  const as = asNumber > 0xffff ? AS_TRANS : asNumber
  return (TYPE_AND_SUBTYPE << 48n) | (BigInt(as) << 32n) | BigInt(view.getUint32(0))
}
