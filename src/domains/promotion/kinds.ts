import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BenefitKind, ConditionKind } from '../../core/promotion/rule.ts'

const rules = join(import.meta.dirname, '../../core/promotion')

/** Every kind of condition, by its name. A file in `core/promotion/conditions/` is one of them. */
export const conditionKinds: ReadonlyMap<string, ConditionKind> = await kindsIn('conditions')
/** Every kind of benefit, by its name. A file in `core/promotion/benefits/` is one of them. */
export const benefitKinds: ReadonlyMap<string, BenefitKind> = await kindsIn('benefits')

/** What the files of a folder export as `kind`: a new kind needs its file, and nothing else. */
async function kindsIn<Kind extends { readonly name: string }>(
  folder: string,
): Promise<Map<string, Kind>> {
  const files = readdirSync(join(rules, folder)).filter((name) => /^[a-z-]+\.ts$/.test(name))
  const found = await Promise.all(
    files.sort().map((file) => importKind<Kind>(join(rules, folder, file))),
  )
  return new Map(found.map((kind) => [kind.name, kind]))
}

async function importKind<Kind>(file: string): Promise<Kind> {
  const { kind } = (await import(pathToFileURL(file).href)) as { kind?: Kind }
  if (!kind) throw new Error(`${file} exports no "kind"`)
  return kind
}
