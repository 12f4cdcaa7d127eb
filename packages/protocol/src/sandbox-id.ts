/** Id of a sandbox: `i` and 20 lowercase letters or digits, valid in a DNS label behind `<port>-` (wire.md §1.1). */
export type SandboxId = string & { readonly __brand: 'SandboxId' }

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ID_LENGTH = 20
const PATTERN = /^i[a-z0-9]{20}$/

/** A new random id; about 103 bits. */
export function newSandboxId(): SandboxId {
  let id = 'i'
  while (id.length < ID_LENGTH + 1) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      // 252 is the largest multiple of 36 in a byte: rejecting the rest keeps letters equally likely.
      if (byte < 252 && id.length < ID_LENGTH + 1) id += ALPHABET[byte % 36]
    }
  }
  return id as SandboxId
}

/** Whether `text` has the shape of a sandbox id. */
export function isSandboxId(text: string): text is SandboxId {
  return PATTERN.test(text)
}
