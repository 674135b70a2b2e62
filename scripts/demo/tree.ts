import { readFileSync } from 'node:fs'
import type { DemoCategory } from '../../src/demo/catalogue.ts'

export type Tree = { categories: DemoCategory[]; weights: Map<string, number> }

type Rules = Map<string, { category: string; exceptions: Exception[] }>

type Exception = { pattern: RegExp; category: string }

export function readTree(): Tree {
  const tree: Tree = { categories: [], weights: new Map() }
  const path: string[] = []
  const positions: number[] = []
  for (const line of dataLines('categories.txt')) {
    const depth = line.search(/\S/) / 2
    const [key = '', name = '', weight = '', description = ''] = line.split('|').map(trimmed)
    path.splice(depth, path.length, key)
    positions.splice(depth, positions.length, (positions[depth] ?? 0) + 1)
    tree.categories.push({
      kind: 'category',
      slug: path.join('-'),
      parent: depth ? path.slice(0, depth).join('-') : null,
      name,
      description,
      position: positions[depth] ?? 1,
    })
    if (weight !== '-') tree.weights.set(path.join('-'), Number(weight))
  }
  return tree
}

export function readRules(file: string): Rules {
  const rules: Rules = new Map()
  let exceptions: Exception[] = []
  for (const line of dataLines(file)) {
    if (line.startsWith(' ')) {
      const [pattern = '', category = ''] = line.split(' -> ').map(trimmed)
      exceptions.push({ pattern: new RegExp(pattern, 'i'), category })
    } else {
      const colon = line.lastIndexOf(': ')
      exceptions = []
      rules.set(line.slice(0, colon), { category: line.slice(colon + 2), exceptions })
    }
  }
  return rules
}

export function categoryOf(rules: Rules, key: string, name: string): string {
  const rule = rules.get(key)
  if (!rule) throw new Error(`No category for "${key}" (${name})`)
  return rule.exceptions.find(({ pattern }) => pattern.test(name))?.category ?? rule.category
}

function dataLines(file: string): string[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line.trim() && !line.startsWith('#'))
}

function trimmed(text: string): string {
  return text.trim()
}
