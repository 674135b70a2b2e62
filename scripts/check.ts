import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

/** What `npm run check` looks at, in the order in which a person would. */
const steps = [
  { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
  {
    name: 'lint',
    command: bin('oxlint'),
    args: ['--type-aware', 'src', 'test', 'scripts', 'bench'],
  },
  { name: 'format', command: bin('prettier'), args: ['--check', '--log-level=warn', '.'] },
  { name: 'tidy', command: process.execPath, args: ['--test', 'test/tidy.test.ts'] },
] as const

let failed = 0
for (const { name, command, args } of steps) {
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)\n`)
  if (status !== 0) process.stdout.write(`${stdout}${stderr}\n`)
  failed += status === 0 ? 0 : 1
}
process.exitCode = failed === 0 ? 0 : 1
