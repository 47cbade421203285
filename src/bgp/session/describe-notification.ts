import {
  CeaseSubcode,
  ErrorCode,
  FiniteStateMachineSubcode,
  HeaderSubcode,
  OpenSubcode,
  RouteRefreshSubcode,
  readShutdownCommunication,
  UpdateSubcode,
} from '../error-codes.ts'
import type { NotificationMessage } from '../message.ts'

const subcodesOf: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [ErrorCode.messageHeader]: HeaderSubcode,
  [ErrorCode.open]: OpenSubcode,
  [ErrorCode.update]: UpdateSubcode,
  [ErrorCode.finiteStateMachine]: FiniteStateMachineSubcode,
  [ErrorCode.cease]: CeaseSubcode,
  [ErrorCode.routeRefresh]: RouteRefreshSubcode,
}

/** A NOTIFICATION in words: `cease, administrative shutdown: "moved to rack 12"`. */
export function describeNotification({ code, subcode, data }: Omit<NotificationMessage, 'type'>): string {
  const what = `${nameOf(ErrorCode, code)}${subcodeText(code, subcode)}`
  if (code !== ErrorCode.cease) return what
  // RFC 8538 §3.1: the data of a Hard Reset is another NOTIFICATION without its header.
  if (subcode === CeaseSubcode.hardReset) {
    const [innerCode, innerSubcode] = data
    if (innerCode === undefined || innerSubcode === undefined || isHardReset(innerCode, innerSubcode)) return what
    return `${what} (${describeNotification({ code: innerCode, subcode: innerSubcode, data: data.subarray(2) })})`
  }
  // RFC 9003 §2
  if (subcode !== CeaseSubcode.administrativeShutdown && subcode !== CeaseSubcode.administrativeReset) return what
  const communication = readShutdownCommunication(data)
  return communication === undefined ? what : `${what}: "${communication}"`
}

function isHardReset(code: number, subcode: number): boolean {
  return code === ErrorCode.cease && subcode === CeaseSubcode.hardReset
}

function subcodeText(code: number, subcode: number): string {
  return subcode === 0 ? '' : `, ${nameOf(subcodesOf[code] ?? {}, subcode)}`
}

/** `badPeerAs` is printed as `bad peer as`, an unknown number as itself. */
function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  const name = Object.keys(names).find(each => names[each] === value)
  if (name === undefined) return `error ${value}`
  return name.replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}
