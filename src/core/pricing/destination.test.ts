import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableRows } from '../testing.ts'
import { matchesPostcode, mostSpecific, specificity } from './destination.ts'

for (const [postcode = '', pattern = '', fits] of tableRows(`
  postcode   pattern        fits
  35001      35*            yes
  38999      35*            no
  SW1Y 4JH   sw1*           yes
  SW1Y4JH    SW1Y 4JH       yes
  1010       10##           yes
  101A       10##           no
  10100      10##           no
  51003      51001..51005   yes
  51006      51001..51005   no
  0051003    51001..51005   no
  H0H 0H0    H#H*           yes
  78266      78266          yes
  7826       78266          no
`)) {
  test(`${postcode} ${fits === 'yes' ? 'fits' : 'does not fit'} ${pattern}`, () => {
    assert.equal(matchesPostcode(postcode, pattern), fits === 'yes')
  })
}

const areas = [
  { code: 'everywhere' },
  { code: 'spain', countries: ['ES'] },
  { code: 'canaries', countries: ['ES'], postcodes: ['35*', '38*'] },
  { code: 'america', countries: ['US'] },
  { code: 'california', countries: ['US'], regions: ['CA', 'California'] },
]

test('of the areas that contain a destination the one that names it most exactly counts', () => {
  const code = (country?: string, region?: string, postcode?: string) =>
    mostSpecific(areas, { country, region, postcode })?.code
  assert.equal(code(), 'everywhere')
  assert.equal(code('FR'), 'everywhere')
  assert.equal(code('ES', undefined, '28001'), 'spain')
  assert.equal(code('ES', undefined, '35001'), 'canaries')
  assert.equal(code('US'), 'america')
  assert.equal(code('US', 'california'), 'california')
  assert.equal(code('US', ' ca '), 'california')
  assert.equal(code('US', 'NY'), 'america')
})

test('of areas that are equally exact the first code counts, and without any there is none', () => {
  const same = [
    { code: 'b', countries: ['FR'] },
    { code: 'a', countries: ['FR'] },
  ]
  assert.equal(mostSpecific(same, { country: 'FR' })?.code, 'a')
  assert.equal(mostSpecific(same, { country: 'DE' }), undefined)
  assert.equal(specificity({ postcodes: ['1*'] }, { country: 'FR' }), undefined)
})
