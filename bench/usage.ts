import { readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second for every process. */
const tickMs = 10

/** Processor time that a process has used so far; undefined where the system does not tell. */
export function processCpuMs(
  pid: number | 'self',
  which: 'alone' | 'with ended children' = 'alone',
): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const times = fields.slice(11, which === 'alone' ? 13 : 15).map(Number)
    return times.reduce((sum, time) => sum + time, 0) * tickMs
  } catch {
    return undefined
  }
}

/** Processor time that the whole machine has used so far. */
export function machineCpuMs(): number | undefined {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number)
    return (user + nice + system + irq + softirq) * tickMs
  } catch {
    return undefined
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until others leave the machine alone, but not for long: some noise is always there. */
export async function waitForQuiet(): Promise<void> {
  const stepMs = 250
  for (let step = 0; step < 16; step++) {
    const before = machineCpuMs()
    await pause(stepMs)
    const after = machineCpuMs()
    if (before === undefined || after === undefined) return
    if ((after - before) / stepMs < 0.15) return
  }
}
