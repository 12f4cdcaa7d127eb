import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHYRfTfKdpZFLxsKlDdPqKp1F8Z9GbZbZQJ6fY6oQkqF'

test('/ssh-keys adds, lists and removes the public keys of a team', async () => {
  await using api = await Api.start()
  const added = await api.call('POST', '/ssh-keys', { body: { publicKey: `${KEY} me@home` } })
  expect(added).toMatchObject({
    status: 201,
    body: { name: 'me@home', type: 'ssh-ed25519', publicKey: KEY, fingerprint: /^SHA256:[A-Za-z0-9+/]{43}$/ },
  })
  const { id } = added.body
  expect((await api.call('GET', '/ssh-keys')).body).toMatchObject([{ id, createdAt: /^\d{4}-/ }])
  expect(await api.call('POST', '/ssh-keys', { body: { publicKey: KEY } })).toMatchObject({ status: 409 })
  expect((await api.call('DELETE', `/ssh-keys/${String(id)}`)).status).toBe(204)
  expect(await api.call('DELETE', `/ssh-keys/${String(id)}`)).toMatchObject({ status: 404 })
  expect((await api.call('GET', '/ssh-keys')).body).toEqual([])
})

test('/ssh-keys says what is wrong, and needs a key of the API', async () => {
  await using api = await Api.start()
  for (const body of [
    {},
    { publicKey: '' },
    { publicKey: 'ssh-ed25519 x' },
    { publicKey: KEY, name: 'x'.repeat(101) },
  ]) {
    expect(await api.call('POST', '/ssh-keys', { body })).toMatchObject({ status: 400 })
  }
  expect(await api.call('GET', '/ssh-keys', { headers: { 'x-api-key': 'e2b_nobody' } })).toMatchObject({ status: 401 })
  expect(await api.call('GET', '/ssh')).toMatchObject({ status: 501, body: { message: /sshPort/ } })
})
