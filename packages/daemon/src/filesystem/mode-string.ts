const FILE_TYPE_MASK = 0o170000

/** Letters that Go's fs.FileMode prints for a file type; a character device has two. */
const TYPE_LETTERS: Readonly<Record<number, string>> = {
  0o040000: 'd',
  0o120000: 'L',
  0o060000: 'D',
  0o010000: 'p',
  0o140000: 'S',
}
const CHARACTER_DEVICE = 0o020000

/** A file's mode as Go's fs.FileMode prints it: `-rw-r--r--`, `drwxr-xr-x`, `Lrwxrwxrwx`, `dtrwxrwxrwx`. */
export function modeString(mode: number): string {
  const type = mode & FILE_TYPE_MASK
  const isCharacterDevice = type === CHARACTER_DEVICE
  const letters = [
    isCharacterDevice ? 'D' : (TYPE_LETTERS[type] ?? ''),
    mode & 0o4000 ? 'u' : '',
    mode & 0o2000 ? 'g' : '',
    isCharacterDevice ? 'c' : '',
    mode & 0o1000 ? 't' : '',
  ].join('')
  const bits = 'rwxrwxrwx'
    .split('')
    .map((letter, index) => (mode & (1 << (8 - index)) ? letter : '-'))
    .join('')
  return (letters === '' ? '-' : letters) + bits
}
