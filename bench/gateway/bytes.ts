/** Size of the large answer, in bytes: 1 GiB. */
export const DOWNLOAD_BYTES = 1024 ** 3
