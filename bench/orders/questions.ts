import { writeCursor } from '../../src/core/paging.ts'
import { firstDay, spanMs } from './fill.ts'

/** What staff ask a shop with so many orders: the query of a list by what it looks for. */
export function questions(count: number): Readonly<Record<string, string>> {
  const at = (share: number) => firstDay + Math.floor(share * count) * Math.floor(spanMs / count)
  const number = (share: number) => 1_000 + Math.floor(share * count)
  const cursor = (share: number) => writeCursor([at(share), number(share)])
  const day = (share: number) => new Date(at(share)).toISOString().slice(0, 10)
  const someone = Math.floor(count / 40)
  return {
    'first page': '',
    'a page in the middle, by cursor': `cursor=${cursor(0.5)}`,
    'the last page, by cursor': `cursor=${cursor(0.001)}`,
    'status=cancelled (one in 50)': 'status=cancelled',
    'status=placed (one in 500), oldest first': 'status=placed&sort=created_at',
    'status=delivered (none)': 'status=delivered',
    'two statuses': 'status=placed,cancelled',
    'payment_status=due (one in 500)': 'payment_status=due',
    'dearest first': 'sort=-total',
    'dearest first, cancelled': 'sort=-total&status=cancelled',
    'a range of totals (one in 1,000)': 'min_total=200&max_total=200.20',
    'a week in the middle': `from=${day(0.5)}&to=${day(0.5064)}`,
    'a week, dearest first': `from=${day(0.5)}&to=${day(0.5064)}&sort=-total`,
    'tag=gift (one in 20)': 'tag=gift',
    'tag=fragile (one in 2,000)': 'tag=fragile',
    'an article in every tenth order': 'sku=ART-0',
    'an article in few orders': 'sku=ART-990',
    'shipping_method=express (one in 100)': 'shipping_method=express',
    'express, cancelled (none)': 'shipping_method=express&status=cancelled',
    'an e-mail address': `email=customer-${someone}@example.com`,
    'search by a name': `search=person ${someone}`,
    'search by an e-mail address': `search=customer-${someone}@`,
    'search by a number': `search=${number(0.5)}`,
    'search for nobody': 'search=nobody',
  }
}
