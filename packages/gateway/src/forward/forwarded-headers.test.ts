import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forwardedHeaders } from './forwarded-headers.ts'

const PEER = '10.0.0.1'

function told(headers: Record<string, string>, trustedHops: number): Record<string, string> {
  const request = new IncomingMessage(Object.defineProperty(new Socket(), 'remoteAddress', { value: PEER }))
  Object.assign(request.headers, headers)
  const raw = forwardedHeaders(request, trustedHops)
  return Object.fromEntries(raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : [])))
}

describe('forwardedHeaders()', () => {
  const forged = {
    host: 'real',
    'x-forwarded-for': '6.6.6.6, 7.7.7.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil',
  }

  it('believes nothing without proxies before it', () => {
    expect(told(forged, 0)).toEqual({
      'X-Forwarded-For': PEER,
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'real',
    })
  })

  it('believes one proxy: the client it names, and what it says of the connection', () => {
    expect(told(forged, 1)).toEqual({
      'X-Forwarded-For': `7.7.7.7, ${PEER}`,
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil',
    })
  })

  it('believes as many proxies as there are, and no entry that a client could have put before theirs', () => {
    const headers = {
      host: 'real',
      'x-forwarded-for': '6.6.6.6, 1.1.1.1, 2.2.2.2',
      'x-forwarded-proto': 'http, https, http',
    }
    expect(told(headers, 2)).toMatchObject({
      'X-Forwarded-For': `1.1.1.1, 2.2.2.2, ${PEER}`,
      'X-Forwarded-Proto': 'https',
    })
  })

  it('says what it sees itself when a proxy says nothing, or nonsense', () => {
    expect(told({ host: 'real' }, 2)).toEqual({
      'X-Forwarded-For': PEER,
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'real',
    })
    expect(told({ 'x-forwarded-proto': 'javascript' }, 1)).toMatchObject({ 'X-Forwarded-Proto': 'http' })
  })

  it('never names more than the trusted proxies and one before them, and ends with the peer', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 5 }), (value, hops) => {
        const entries = (told({ 'x-forwarded-for': value }, hops)['X-Forwarded-For'] ?? '').split(', ')
        expect(entries.length).toBeLessThanOrEqual(hops + 1)
        expect(entries.at(-1)).toBe(PEER)
      }),
    )
  })
})
