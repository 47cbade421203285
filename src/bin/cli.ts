#!/usr/bin/env node
import { EXIT_CODES } from '../cli/command.ts'
import { runCli } from './cli/run.ts'

// A reader that has seen enough, as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.good)
  throw error
})

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.columns,
  now: () => new Date(),
})
