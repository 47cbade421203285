import { getSystemErrorMap } from 'node:util'

/** An error of the kernel, as Node and the addon make them. */
export interface SystemError extends Error {
  /** 'EPERM', 'ENETDOWN', … */
  code: string
  errno: number
  syscall: string
}

/** Whether `error` comes from a system call. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** The error for a number of errno.h; `action` goes before the message when a system call alone tells too little. */
export function systemError(number: number, syscall: string, action?: string): SystemError {
  const [code, reason] = getSystemErrorMap().get(-number) ?? [`errno ${number}`, 'unknown error']
  const message = `${action ? `${action}: ` : ''}${code}: ${reason}, ${syscall}`
  return Object.assign(new Error(message), { code, errno: -number, syscall })
}
