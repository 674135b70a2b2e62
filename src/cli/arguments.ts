import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { ConfigError } from '../config/read.ts'

/** Reads what follows a command's name; what it does not know is refused. */
export function readArguments<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}\nSee --help.`, { cause: error })
  }
}

/** The one file that a command works on. */
export function theFile(positionals: readonly string[]): string {
  const [file, ...others] = positionals
  if (file === undefined) throw new ConfigError('Name the file. See --help.')
  if (others.length > 0) throw new ConfigError(`Name one file, not ${positionals.length}.`)
  return file
}
