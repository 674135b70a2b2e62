import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const patterns = process.argv.slice(2)
const files = patterns.length > 0 ? patterns : ['src/**/*.test.ts', 'test/**/*.test.ts']
const result = spawnSync(process.execPath, ['--test', ...files], { cwd: root, stdio: 'inherit' })
process.exitCode = result.status ?? 1
