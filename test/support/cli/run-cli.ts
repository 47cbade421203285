import { type Environment, runCli } from '../../../src/bin/cli/run.ts'

/** What a command line came to. */
export interface CliRun {
  code: number
  out: string
  err: string
}

/** Runs a command line in this process, without a terminal unless told otherwise, and keeps what it says. */
export async function runKept(args: readonly string[], environment: Partial<Environment> = {}): Promise<CliRun> {
  let [out, err] = ['', '']
  const code = await runCli(args, {
    ...{ env: {}, isTerminal: false, now: () => new Date(0) },
    ...environment,
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { code, out, err }
}
