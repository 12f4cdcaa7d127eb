/** Size of the large bodies, in bytes: 1 GiB. */
export const LARGE_BYTES = 1024 ** 3
