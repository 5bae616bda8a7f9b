/** Formats that are read and written. SVG, PDF, TIFF and all that other loaders could read are refused. */
export const FORMATS = ['jpeg', 'png', 'webp', 'avif', 'gif'] as const
export type ImageFormat = (typeof FORMATS)[number]

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1')

/**
 * The format by the first bytes of a file, whatever its name or content type says; undefined when it is none of ours.
 * Signatures: RFC 2083 §3.1 (PNG), ITU T.81 B.1.1.3 (JPEG), GIF89a §17, RFC 9649 §2.4 (WebP), AV1 image file format §6.3.
 */
export const sniff = (bytes: Uint8Array): ImageFormat | undefined => {
  if (ascii(bytes, 0, 3) === '\xff\xd8\xff') return 'jpeg'
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png'
  if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return 'gif'
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp'
  return ascii(bytes, 4, 8) === 'ftyp' && /^avi[fs]$/.test(ascii(bytes, 8, 12)) ? 'avif' : undefined
}

export const mediaType = (format: ImageFormat): string => `image/${format}`

/** The usual ending of a file's name. */
export const extension = (format: ImageFormat): string => (format === 'jpeg' ? 'jpg' : format)
