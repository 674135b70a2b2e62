import type { NewProduct } from '../../src/domains/catalog/writes.ts'
import { createCategory } from '../../src/domains/catalog/categories.ts'
import { addProduct, type OpenShop, type TestShop } from '../support/shop.ts'

export interface Catalogue extends AsyncDisposable {
  readonly shop: TestShop
  /** Ids of categories: home > kitchen > knives, home > garden. */
  readonly categories: Readonly<Record<'home' | 'kitchen' | 'knives' | 'garden', string>>
}

/** What is for sale, in the order of adding. */
export const productNames = [
  'Chef Knife',
  'Paring Knife',
  'Crème Brûlée Torch',
  'Garden Torch',
  'Rake',
] as const

/** Five products for sale, one draft and one that is archived. */
export async function openCatalogue(openShop: OpenShop): Promise<Catalogue> {
  const shop = await openShop()
  const category = (name: string, parentId: string | null) =>
    createCategory(shop.ctx, { name, description: `All for ${name}`, parentId })
  const home = await category('Home', null)
  const kitchen = await category('Kitchen', home)
  const knives = await category('Knives', kitchen)
  const garden = await category('Garden', home)
  const categories = { home, kitchen, knives, garden }
  for (const product of productsIn(categories)) await addProduct(shop.ctx, product)
  return { shop, categories, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
}

type Given = Partial<NewProduct> & { priceMinor: number; onHand: number }

function productsIn({ kitchen, knives, garden }: Catalogue['categories']): Given[] {
  const [chef, paring, creme, torch, rake] = productNames
  return [
    {
      ...{ name: chef, categoryId: knives, brand: 'Böker', priceMinor: 4_500, onHand: 10 },
      description: 'For vegetables',
      tags: ['Sharp'],
      attributes: [
        { name: 'material', value: 'Steel' },
        { name: 'colour', value: 'Black' },
      ],
    },
    {
      ...{ name: paring, categoryId: knives, brand: 'Böker', priceMinor: 1_250, onHand: 0 },
      description: 'For fruit',
      attributes: [
        { name: 'material', value: 'Steel' },
        { name: 'colour', value: 'Red' },
      ],
    },
    {
      ...{ name: creme, categoryId: kitchen, brand: 'Opinel', priceMinor: 2_999, onHand: 3 },
      description: 'For caramel',
      slug: 'creme-torch',
    },
    {
      ...{ name: torch, categoryId: garden, priceMinor: 1_500, onHand: 6 },
      description: 'Lights the crème de la crème',
    },
    {
      ...{ name: rake, categoryId: garden, priceMinor: 1_995, onHand: 7 },
      description: 'With a steel head, and no knife',
    },
    ...(['draft', 'archived'] as const).map((status) => ({
      ...{ name: `${status} Knife`, slug: `${status}-knife`, status, brand: 'Ghost' },
      ...{ categoryId: knives, priceMinor: 100, onHand: 5 },
      attributes: [{ name: 'colour', value: 'Red' }],
    })),
  ]
}
