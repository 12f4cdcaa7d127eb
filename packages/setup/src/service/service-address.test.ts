import { describe, expect, it } from 'vitest'
import { serviceAddresses } from './service-address.ts'

const ports = { httpPort: 3210, httpsPort: 3443 }

describe('serviceAddresses()', () => {
  it('gives loopback for loopback and for every address', () => {
    const expected = {
      http: 'http://127.0.0.1:3210',
      https: 'https://api.drowse.localhost:3443',
      domain: 'drowse.localhost:3443',
    }
    for (const bindAddresses of [['127.0.0.1', '::1'], ['0.0.0.0'], ['::', '0.0.0.0']]) {
      expect(serviceAddresses({ bindAddresses, domain: 'drowse.localhost' }, ports)).toEqual(expected)
    }
  })

  it('puts IPv6 addresses in brackets and leaves the usual https port out', () => {
    const addresses = serviceAddresses({ bindAddresses: ['::1'], domain: 'box.example' }, { ...ports, httpsPort: 443 })
    expect(addresses).toEqual({ http: 'http://[::1]:3210', https: 'https://api.box.example', domain: 'box.example' })
  })
})
