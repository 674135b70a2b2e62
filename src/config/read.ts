import { settings, type Setting, type SettingName } from './settings.ts'

export type RawSettings = Readonly<Record<SettingName, string>>

/** A configuration that cannot work; `npm start` prints the message and exits with status 2. */
export class ConfigError extends Error {}

/** Reads the environment once. Empty values count as absent. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
): RawSettings {
  const entries = Object.entries(settings).map(([name, setting]: [string, Setting]) => {
    const value = environment[name]?.trim()
    const text = value === undefined || value === '' ? setting.default : value
    checkSetting(name, setting, text)
    return [name, text] as const
  })
  return Object.fromEntries(entries) as RawSettings
}

function checkSetting(name: string, setting: Setting, text: string): void {
  if (setting.kind === 'flag' && !/^(true|false)$/.test(text)) {
    throw new ConfigError(`${name} must be true or false, not "${text}"`)
  }
  if (setting.kind === 'choice' && !setting.choices?.includes(text)) {
    throw new ConfigError(`${name} must be one of ${setting.choices?.join(', ')}, not "${text}"`)
  }
  if (setting.kind === 'integer') checkInteger(name, setting, text)
}

function checkInteger(name: string, { min = 0, max = Infinity }: Setting, text: string): void {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return
  throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${text}"`)
}

export const integerOf = (text: string): number => Number(text)
export const flagOf = (text: string): boolean => text === 'true'

export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
