import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test [-- files…]`: all tests on every database that can be had, then one line that counts
 * them. FORBID_SKIPS=true makes a skipped test and a missing database a failure. `--coverage` also
 * says how much of the core and the domains was run, and fails where that is too little.
 */
const root = join(import.meta.dirname, '..')
const isCovered = process.argv.includes('--coverage')
const given = process.argv.slice(2).filter((argument) => argument !== '--coverage')
const files = given.length > 0 ? given : ['src/**/*.test.ts', 'test/**/*.test.ts']
const coverage = [
  '--experimental-test-coverage',
  '--test-coverage-include=src/core/**/*.ts',
  '--test-coverage-include=src/domains/**/*.ts',
  '--test-coverage-exclude=src/**/*.test.ts',
  '--test-coverage-lines=90',
  '--test-coverage-branches=90',
]
const folder = mkdtempSync(join(tmpdir(), 'cartwright-summary-'))
const summaryFile = join(folder, 'summary.txt')

const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-concurrency=3',
    '--test-global-setup=test/support/global-setup.ts',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/test-summary.ts',
    `--test-reporter-destination=${summaryFile}`,
    ...(isCovered ? coverage : []),
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
)
const summary = readFileSync(summaryFile, 'utf8')
rmSync(folder, { recursive: true })
process.stdout.write(`\n${summary}`)
const isForbidden = process.env['FORBID_SKIPS'] === 'true' && summary.includes('skipped')
process.exitCode = status === 0 && !isForbidden ? 0 : 1
