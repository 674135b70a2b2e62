import { preparedQuery } from '../../db/prepared.ts'

/** Products that are for sale, in the order of their numbers. */
export const listProductsForSale = preparedQuery<
  { after: number; limit: number },
  { id: string; number: number }
>((db, param) =>
  db
    .selectFrom('products')
    .select(['id', 'number'])
    .where('status', '=', 'active')
    .where('number', '>', param('after'))
    .orderBy('number')
    .limit(param('limit')),
)
