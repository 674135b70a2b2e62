import { invalid } from '../../errors.ts'
import type { ConditionKind } from '../rule.ts'

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const minuteMs = 60_000
const dayMs = 86_400_000

interface Parameters {
  readonly weekdays?: readonly (typeof weekdays)[number][]
  readonly from_time?: string
  readonly until_time?: string
}

const time = { type: 'string', pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['17:00'] }

export const kind: ConditionKind = {
  name: 'dates',
  about: 'It is one of these weekdays, at this time of day (UTC)',
  parameters: {
    type: 'object',
    properties: {
      weekdays: {
        type: 'array',
        items: { type: 'string', enum: [...weekdays] },
        minItems: 1,
        maxItems: 7,
        uniqueItems: true,
      },
      from_time: { ...time, description: 'Included; with until_time' },
      until_time: { ...time, description: 'Excluded; before from_time: over midnight' },
    },
    required: [],
    additionalProperties: false,
  },
  bind({ weekdays: days, from_time: from, until_time: until }: Parameters) {
    if ((from === undefined) !== (until === undefined)) {
      throw invalid(from === undefined ? 'from_time' : 'until_time', 'is required with the other')
    }
    const [start, end] = [minutesOf(from ?? '00:00'), minutesOf(until ?? '24:00')]
    return ({ at }) => {
      // 1 January 1970 was a Thursday.
      const day = weekdays[(Math.floor(at / dayMs) + 4) % 7]!
      if (days && !days.includes(day)) return `it is not for a ${day}`
      const minute = Math.floor((at % dayMs) / minuteMs)
      const isIn = start <= end ? start <= minute && minute < end : minute >= start || minute < end
      return isIn ? undefined : `it is from ${from} to ${until} only`
    }
  },
}

function minutesOf(text: string): number {
  const [hours = '0', minutes = '0'] = text.split(':')
  return Number(hours) * 60 + Number(minutes)
}
