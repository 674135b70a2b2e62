export type Summary = {
  rows: { retail: number; dummyJson: number; bestBuy: number }
  categories: number
  brands: number
  products: number
  variants: number
}

/** The README of demo/, so that its counts are those of the file beside it. */
export function readme({ rows, categories, brands, products, variants }: Summary): string {
  return `# The demo catalogue

\`catalogue.jsonl.gz\` is the shop a fresh Cartwright opens with: **${n(products)} products**,
**${n(variants)} variants**, **${n(brands)} brands** and **${n(categories)} categories** in one
tree, priced in US dollars. \`node scripts/build-demo.ts [data folder]\` builds it; do not edit it
by hand.

## Sources

| source | articles | licence | from |
| --- | ---: | --- | --- |
| retail-demo-store | ${n(rows.retail)} | MIT-0 | aws-samples/retail-demo-store @ ad4313e6 |
| DummyJSON | ${n(rows.dummyJson)} | MIT | Ovi/DummyJSON @ 55ca9182 |
| Best Buy open data set | ${n(rows.bestBuy)} | CC0 1.0 | BestBuyAPIs/open-data-set @ 007fab14 |

All three are repositories on GitHub; their licences are in \`licences/\`. The first two describe
invented goods (some under the names of real makers), the third real ones as they were sold in 2016.
Nothing here is an offer, and no maker named here has anything to do with this project. The pictures
of the sources are not used: the shop draws its own.

Every article of every source is here. The ${n(rows.bestBuy)} Best Buy articles make
${n(products - rows.retail - rows.dummyJson)} products: the same article in several colours is one
product with variants, wherever names and models leave no doubt.

## From the sources, unchanged

Prices (to the cent), stock of retail-demo-store and DummyJSON, brands, models, UPC codes
(\`gtin\`, Best Buy only: their check digits are right, those of DummyJSON are random and left out),
audience, warranty, delivery and return terms.

## Cleaned

Names and descriptions: HTML entities, broken escapes ("MacramxE9"), trademark signs, control
characters and line breaks, "Only at Best Buy" and the like. Best Buy names lose their trailing
colour, which becomes an attribute or an option. Slugs taken twice get the colour, the material or a
number.

## Read off the text

Attributes such as \`style\`, \`colour\`, \`material\`, \`pattern\`, \`occasion\`, \`season\` or
\`waterproof\` are words found in the product's own name and description, and only where they are
unambiguous; \`fits\`, \`capacity\`, \`resolution\` and their like are patterns in Best Buy's texts.
DummyJSON's \`dimensions\` are given as published (without a unit), for small goods only. Tags are
the sources' categories, tags and aliases and words of the name; \`featured\` and \`promoted\` are
marks of retail-demo-store.

## Ours, that is: invented

- **The category tree**: names, descriptions, order, and which article goes where
  (\`scripts/demo/*.txt\`). The sources' own filing is respected unless an article was plainly in
  the wrong place (a mug set among the scarves).
- **Sizes** of clothes, socks, belts and shoes (US). The stock of the source is split over them, so
  the sum is the source's. Prices and weights do not differ by size.
- **Stock of Best Buy articles**: drawn from a hash of the SKU; about 1 in 25 is sold out, 1 in 15
  low. (DummyJSON itself has four articles sold out.)
- **Weights**: typical of the category, plus or minus a fifth by a hash of the SKU. Vehicles and
  travel packages have none. DummyJSON's own weights are random and not used.
- **SKUs** of retail-demo-store (\`RDS-\` and the first eight digits of its id), the prefix \`BBY-\`
  and the suffixes of sizes; the order of products, a fixed shuffle that mixes the departments on
  every page.

## Format

One JSON object a line: categories (parents first), brands, products, and last
\`{"kind":"end",…}\` with the counts, by which a reader knows that the file is whole. Types and
reader: \`src/demo/catalogue.ts\`. The same input gives the same bytes.
`
}

function n(count: number): string {
  return count.toLocaleString('en-US')
}
