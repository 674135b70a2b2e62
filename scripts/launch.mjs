#!/usr/bin/env node
// Runs on whatever Node the machine has (20 or newer), installs what is missing, and hands over to
// the pinned Node. Plain JavaScript, because an old Node cannot run TypeScript.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import nodeModule, { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'node_modules', '.cartwright-installed')
const compileCache = join(root, 'node_modules', '.cache', 'node')
const nodeMajorMin = 26

const [mode = 'serve', ...args] = process.argv.slice(2)

const runs = {
  serve: { file: 'src/cli/main.ts', args: ['serve', ...args] },
  cli: { file: 'src/cli/main.ts', args },
  dev: { file: 'src/cli/main.ts', node: ['--watch'], args: ['serve', ...args] },
  test: { file: 'scripts/test.ts', args, everything: true },
  check: { file: 'scripts/check.ts', args, everything: true },
  bench: { file: 'bench/run.ts', args, everything: true },
  fault: { file: 'test/fault/run.ts', args, everything: true },
  simulate: { file: 'test/simulation/run.ts', args, everything: true },
  replay: { file: 'scripts/replay.ts', args, everything: true },
  docs: { file: 'scripts/docs/write.ts', args, everything: true },
}

const run = runs[mode]
if (!run) {
  console.error(`unknown mode "${mode}"; known: ${Object.keys(runs).join(', ')}`)
  process.exit(2)
}
installWhatIsMissing(run.everything ? 'everything' : 'production')
if (nodeMajor() >= nodeMajorMin && !run.node) await runHere(run)
else runPinned(run)

function nodeMajor() {
  return Number(process.versions.node.split('.')[0])
}

function installWhatIsMissing(need) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const have = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
  if (have === `everything ${lock}` || have === `${need} ${lock}`) return
  console.error(`Installing packages (${need}); this happens once …`)
  const npm = process.env.npm_execpath
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  if (need === 'production') flags.push('--omit=dev')
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const result = npm
    ? spawnSync(process.execPath, [npm, ...flags], options)
    : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' })
  if (result.status !== 0) {
    console.error('npm could not install the packages: see its message above.')
    process.exit(1)
  }
  compileAhead()
  writeFileSync(stampFile, `${need} ${lock}`)
}

/** Fills the compile cache in a process that ends, so that the first start is quick and small too. */
function compileAhead() {
  const server = JSON.stringify(pathToFileURL(join(root, 'src/cli/serve.ts')))
  const args = ['--input-type=module', '--eval', `await import(${server})`]
  const node = nodeMajor() >= nodeMajorMin ? process.execPath : pinnedNode()
  spawnSync(node, args, { env: cached(), stdio: 'ignore' })
}

/** The environment in which Node keeps what it has compiled. */
function cached() {
  return { ...process.env, NODE_COMPILE_CACHE: compileCache }
}

async function runHere({ file, args: fileArgs }) {
  nodeModule.enableCompileCache(compileCache)
  const path = join(root, file)
  process.argv = [process.execPath, path, ...fileArgs]
  await import(path)
}

/** A second process on the pinned Node; it gets every signal, and its exit status is ours. */
function runPinned({ file, node = [], args: fileArgs }) {
  const child = spawn(pinnedNode(), [...node, join(root, file), ...fileArgs], {
    cwd: process.cwd(),
    env: cached(),
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
}

function pinnedNode() {
  const { platform, arch } = process
  const system = platform === 'win32' ? 'win' : platform
  const file = platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const require = createRequire(import.meta.url)
  for (const name of [`node-${system}-${arch}`, `node-bin-${system}-${arch}`]) {
    try {
      return join(dirname(require.resolve(`${name}/package.json`)), file)
    } catch {
      // the next name
    }
  }
  console.error(`There is no packaged Node for ${platform} ${arch}: install Node ${nodeMajorMin}.`)
  return process.exit(1)
}
