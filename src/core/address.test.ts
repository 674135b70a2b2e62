import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  generateAddressFormats,
  readSource,
  textOf,
} from '../../scripts/generate-address-formats.ts'
import {
  addressProblems,
  normalisedAddress,
  wrongAddressParts,
  type Address,
  type AddressFormats,
} from './address.ts'

const file = new URL('../../reference/address-formats.json', import.meta.url)
const text = readFileSync(file, 'utf8')
const formats = JSON.parse(text) as AddressFormats

type Written = readonly [
  country: string,
  street: string,
  city: string,
  code?: string | undefined,
  state?: string | undefined,
]

function addressOf([country, address, city, postal_code, state]: Written): Address {
  return {
    ...{ name: 'Ada Lovelace', address, city, country },
    ...(postal_code === undefined ? {} : { postal_code }),
    ...(state === undefined ? {} : { state }),
  }
}

/** Places that exist, as people write them. */
const real: readonly Written[] = [
  ['US', '1600 Pennsylvania Avenue NW', 'Washington', '20500', 'DC'],
  ['US', '1 Infinite Loop', 'Cupertino', '95014-2083', 'California'],
  ['US', '350 Fifth Avenue', 'New York', '10118', 'new york'],
  ['US', 'PSC 3 Box 4120', 'APO', '09021', 'AE'],
  ['GB', '10 Downing Street', 'London', 'SW1A 2AA'],
  ['GB', '221B Baker Street', 'London', 'nw16xe'],
  ['GB', '1 The Square', 'Belfast', 'BT1 5GS', 'Co. Antrim'],
  ['GB', 'Girobank', 'Bootle', 'GIR 0AA'],
  ['DE', 'Platz der Republik 1', 'Berlin', '11011'],
  ['DE', 'Marienplatz 8', 'München', 'DE-80331', 'Bayern'],
  ['FR', '55 Rue du Faubourg Saint-Honoré', 'Paris', '75008'],
  ['FR', '1 Parvis de la Défense', 'Courbevoie', '92 044'],
  ['IT', 'Piazza del Colosseo 1', 'Roma', '00184', 'RM'],
  ['IT', 'Via Roma 1', 'Carbonia', '09013', 'SU'],
  ['IT', 'Piazza San Marco 1', 'Venezia', '30124', 'Venezia'],
  ['ES', 'Calle de Bailén s/n', 'Madrid', '28071', 'Madrid'],
  ['ES', 'Gran Vía 1', 'Bilbao', '48001', 'Bizkaia'],
  ['NL', 'Museumstraat 1', 'Amsterdam', '1071 XX'],
  ['NL', 'Binnenhof 20', 'Den Haag', '2513aa'],
  ['BE', 'Wetstraat 16', 'Brussel', '1000'],
  ['CH', 'Bundesplatz 3', 'Bern', 'CH-3003'],
  ['CH', 'Place de la Gare 1', 'Lausanne', '1003', 'VD'],
  ['AT', 'Ballhausplatz 2', 'Wien', '1010'],
  ['PT', 'Praça do Comércio', 'Lisboa', '1100-148'],
  ['PL', 'ul. Wiejska 4/6/8', 'Warszawa', '00-902'],
  ['SE', 'Drottninggatan 1', 'Stockholm', '111 51'],
  ['SE', 'Storgatan 1', 'Malmö', 'SE-21122'],
  ['NO', 'Slottsplassen 1', 'Oslo', '0010'],
  ['DK', 'Christiansborg', 'København', '1218'],
  ['FI', 'Mannerheimintie 30', 'Helsinki', '00102'],
  ['IE', 'St Stephen’s Green', 'Dublin', 'D02 XY45', 'Co. Dublin'],
  ['IE', 'Main Street', 'Kinvara'],
  ['CZ', 'Hradčany 1', 'Praha', '119 08'],
  ['GR', 'Πλατεία Συντάγματος', 'Αθήνα', '105 57'],
  ['LV', 'Brīvības iela 1', 'Rīga', '1010'],
  ['LT', 'Gedimino pr. 1', 'Vilnius', 'LT-01103'],
  ['CA', '111 Wellington Street', 'Ottawa', 'K1A 0A9', 'ON'],
  ['CA', '1000 Rue Sherbrooke', 'Montréal', 'h3a3g4', 'Québec'],
  ['AU', 'Parliament Drive', 'Canberra', '2600', 'ACT'],
  ['AU', 'Bennelong Point', 'Sydney', '2000', 'New South Wales'],
  ['NZ', 'Molesworth Street', 'Wellington', '6160'],
  ['BR', 'Praça dos Três Poderes', 'Brasília', '70150-900', 'DF'],
  ['BR', 'Avenida Paulista 1578', 'São Paulo', '01310200', 'Sao Paulo'],
  ['MX', 'Plaza de la Constitución', 'Ciudad de México', '06066', 'CDMX'],
  ['AR', 'Balcarce 50', 'Buenos Aires', 'C1064AAB'],
  ['CL', 'Moneda 1', 'Santiago', '832-0000'],
  ['JP', '丸の内1丁目', '千代田区', '100-0005', '東京都'],
  ['JP', '1-1 Chiyoda', 'Chiyoda-ku', '1000001', 'Tokyo'],
  ['KR', '세종대로 110', '중구', '04524', '서울특별시'],
  ['CN', '东长安街1号', '东城区', '100006', '北京市'],
  ['CN', 'Chang’an Avenue 1', 'Beijing', '100006', 'Beijing'],
  ['TW', '重慶南路一段122號', '中正區', '100006', '台北市'],
  ['HK', '1 Queen’s Road Central', 'Central', undefined, 'Hong Kong Island'],
  ['SG', '1 Fullerton Square', 'Singapore', '049178'],
  ['IN', 'Rajpath', 'New Delhi', '110004', 'Delhi'],
  ['IN', 'Hitech City', 'Hyderabad', '500081', 'Telangana'],
  ['AE', 'Sheikh Zayed Road', 'Dubai'],
  ['ZA', 'Government Avenue', 'Pretoria', '0002'],
  ['IL', 'Rothschild 1', 'Tel Aviv', '6688101'],
  ['TR', 'Atatürk Bulvarı', 'Ankara', '06420'],
  ['VN', 'Hùng Vương', 'Hà Nội', '11120'],
]

describe('an address that exists is accepted', () => {
  for (const written of real) {
    test(written.join(', '), () => {
      assert.deepEqual(addressProblems(formats, addressOf(written)), [])
    })
  }

  test('in more than 20 countries', () => {
    assert.ok(new Set(real.map(([country]) => country)).size > 20)
  })
})

const refusals: readonly (readonly [what: string, written: Written, fields: readonly string[]])[] =
  [
    ['a country that is none', ['QQ', 'a', 'b'], ['country']],
    ['a country in small letters', ['gb', 'a', 'b', 'SW1A 2AA'], ['country']],
    ['a name of Object', ['constructor', 'a', 'b'], ['country']],
    ['no postal code', ['DE', 'a', 'Berlin'], ['postal_code']],
    ['a blank postal code', ['DE', 'a', 'Berlin', ' '], ['postal_code']],
    ['a postal code that is too short', ['DE', 'a', 'Berlin', '1101'], ['postal_code']],
    ['a postal code of another country', ['GB', 'a', 'London', '75008'], ['postal_code']],
    ['a postcode of no area', ['GB', 'a', 'London', 'QQ1 1AA'], ['postal_code']],
    ['a postal code with more behind it', ['FR', 'a', 'Paris', '75008x'], ['postal_code']],
    ['a letter that Canada does not use', ['CA', 'a', 'b', 'D1A 0A9', 'ON'], ['postal_code']],
    ['a prefix of another country', ['CH', 'a', 'Bern', 'SE-3003'], ['postal_code']],
    ['no state', ['US', 'a', 'Cupertino', '95014'], ['state']],
    ['a state that is none', ['US', 'a', 'Cupertino', '95014', 'Bayern'], ['state']],
    ['a province that is none', ['IT', 'a', 'Roma', '00184', 'XX'], ['state']],
    ['no city', ['SE', 'a', '', '111 51'], ['city']],
    ['no street', ['AE', ' ', 'Dubai'], ['address']],
    ['nothing at all', ['AU', '', ''], ['address', 'city', 'state', 'postal_code']],
  ]

describe('an address is refused with', () => {
  for (const [what, written, fields] of refusals) {
    test(`${what}: ${written.join(', ')}`, () => {
      const problems = addressProblems(formats, addressOf(written))
      assert.deepEqual(problems.map(({ field }) => field).toSorted(), fields.toSorted())
    })
  }

  test('what was expected', () => {
    const [, , , , code] = real
    assert.ok(code)
    const issueOf = (written: Written) => addressProblems(formats, addressOf(written))[0]?.issue
    assert.equal(issueOf(['DE', 'a', 'b', 'x']), 'must be a postal code of DE, such as 26133')
    assert.equal(issueOf(['DE', 'a', 'b']), 'is required')
    assert.equal(
      issueOf(['US', 'a', 'b', '95014', 'x']),
      'must be a state or province of US, such as AL',
    )
  })
})

test('what is merely missing is no wrong part, what is wrong is', () => {
  for (const [, written] of refusals) {
    const address = addressOf(written)
    const all = addressProblems(formats, address)
    assert.deepEqual(
      wrongAddressParts(formats, address),
      all.filter(({ issue }) => issue !== 'is required'),
    )
  }
})

test('an address is kept as its post writes it', () => {
  const kept = (written: Written) => {
    const { postal_code, state } = normalisedAddress(formats, addressOf(written))
    return [postal_code, state]
  }
  assert.deepEqual(kept(['GB', 'a', 'b', ' nw1  6xe ']), ['NW1 6XE', undefined])
  assert.deepEqual(kept(['US', 'a', 'b', '95014', 'california']), ['95014', 'CA'])
  assert.deepEqual(kept(['CA', 'a', 'b', 'h3a 3g4', 'Québec']), ['H3A 3G4', 'QC'])
  assert.deepEqual(kept(['CA', 'a', 'b', 'h3a 3g4', 'Colombie-Britannique']), ['H3A 3G4', 'BC'])
  assert.deepEqual(kept(['BR', 'a', 'b', '01310-200', 'SAO PAULO']), ['01310-200', 'SP'])
  assert.deepEqual(kept(['CH', 'a', 'b', 'ch-3003', 'Bern']), ['3003', 'Bern'])
  assert.deepEqual(kept(['SE', 'a', 'b', 'SE-111 51']), ['111 51', undefined])
  assert.deepEqual(kept(['JP', 'a', 'b', '100-0005', 'Tokyo']), ['100-0005', 'Tokyo'])
  assert.deepEqual(kept(['CL', 'a', 'b', '832-0000']), ['8320000', undefined])
  assert.deepEqual(kept(['AE', 'a', 'b', 'x 1']), ['X 1', undefined])
  assert.deepEqual(kept(['QQ', 'a', 'b', 'x 1']), ['x 1', undefined])
})

describe('every country', () => {
  const codes = Object.keys(formats)
  const country = fc.constantFrom(...codes)

  test('of ISO 3166-1 has a format, and nothing else has', () => {
    assert.equal(codes.length, 249)
    for (const code of ['ZZ', 'XK', 'AC', 'TA', 'UK', 'EU']) assert.ok(!(code in formats), code)
  })

  test('accepts the postal code that is given as its example', () => {
    for (const [code, { example }] of Object.entries(formats)) {
      if (example === undefined) continue
      assert.deepEqual(wrongAddressParts(formats, addressOf([code, 'a', 'b', example])), [], code)
    }
  })

  test('accepts each of its states by each of their names, and writes it by one', () => {
    for (const [code, { states = [] }] of Object.entries(formats)) {
      for (const name of states.flat()) {
        const address = addressOf([code, 'a', 'b', undefined, name])
        assert.deepEqual(wrongAddressParts(formats, address), [], `${code} ${name}`)
      }
    }
  })

  test('answers to any text, and the same to what it has written itself', () => {
    const part = fc.option(fc.string({ maxLength: 20 }), { nil: undefined })
    fc.assert(
      fc.property(country, part, part, (code, postalCode, state) => {
        const address = addressOf([code, 'a', 'b', postalCode, state])
        const kept = normalisedAddress(formats, address)
        assert.deepEqual(normalisedAddress(formats, kept), kept)
        assert.deepEqual(addressProblems(formats, kept), addressProblems(formats, address))
        const [street, city] = [kept.address, kept.city]
        assert.deepEqual([street, city], ['a', 'b'])
      }),
      { numRuns: 2_000 },
    )
  })

  test('has its rules from the source, by the script', () => {
    assert.equal(text, textOf(generateAddressFormats(readSource())))
  })
})
