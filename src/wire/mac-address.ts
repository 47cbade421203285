/** An Ethernet address as a 48-bit unsigned number, which compares and hashes without allocation. */
export type MacAddress = number

export const BROADCAST_MAC: MacAddress = 0xffff_ffff_ffff

/** Reads `aa:bb:cc:dd:ee:ff`, in any case; undefined when the text is no Ethernet address. */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return undefined
  return Number.parseInt(text.replaceAll(':', ''), 16)
}

/** Prints an Ethernet address as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(mac: MacAddress): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:')
}

/** True for the address of one station: neither zero nor a group (the lowest bit of the first byte marks groups, IEEE 802 §8.2). */
export function isUnicastMac(mac: MacAddress): boolean {
  return mac !== 0 && Math.floor(mac / 2 ** 40) % 2 === 0
}
