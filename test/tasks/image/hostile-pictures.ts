import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** Pictures made to do harm, by what they are. */

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#36c' } })

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A PNG of a few bytes whose header tells of any size (PNG, third edition, §11.2.1). */
const pngThatSays = (width: number, height: number): Buffer => {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** An animation of so many frames on a canvas of any size (GIF89a §18 to §22); of each frame there is one pixel. */
export const gifOfFrames = (frames: number, width: number, height: number, side = 1): Buffer => {
  const header = Buffer.from('GIF89a\0\0\0\0\x80\0\0\x30\x60\xc0\xff\xff\xff', 'latin1')
  header.writeUInt16LE(width, 6)
  header.writeUInt16LE(height, 8)
  const frame = Buffer.from('\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0', 'latin1')
  frame.writeUInt16LE(side, 5)
  frame.writeUInt16LE(side, 7)
  return Buffer.concat([header, ...Array<Buffer>(frames).fill(frame), Buffer.from(';')])
}

const riff = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)])
}

const threeBytes = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(3 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUIntLE(value, 3 * i, 3)
  return bytes
}

/** The same as a WebP (RFC 9649 §2.7). */
export const webpOfFrames = async (frames: number, width: number, height: number): Promise<Buffer> => {
  const pixel = (await plain(1, 1).webp({ lossless: true }).toBuffer()).subarray(12)
  const facts = riff('VP8X', Buffer.from([2, 0, 0, 0]), threeBytes(width - 1, height - 1))
  const frame = riff('ANMF', threeBytes(0, 0, 0, 0, 100), Buffer.alloc(1), pixel)
  const all = [facts, riff('ANIM', Buffer.alloc(6)), ...Array<Buffer>(frames).fill(frame)]
  return riff('RIFF', Buffer.from('WEBP'), ...all)
}

/** An SVG that fetches what it names, from files and from the server at that address. */
const svgOf = (url: string): Buffer =>
  Buffer.from(`<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY far SYSTEM "${url}/entity">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200">
<image xlink:href="${url}/image" width="9" height="9"/><text y="20">&file;&far;</text></svg>`)

const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** The name of a file, what is in it, and what the job has to say about it. */
export type Hostile = readonly [name: string, bytes: Buffer, says: RegExp]

/** Everything that has to be refused. @param url what an SVG would ask for */
export const hostilePictures = async (url: string): Promise<Hostile[]> => {
  const jpeg = await plain(600, 400).jpeg().toBuffer()
  const webp = await plain(600, 400).webp().toBuffer()
  const avif = await plain(64, 64).avif().toBuffer()
  const none = /none of jpeg, png, webp, avif, gif/
  const huge = /megapixels/
  const broken = /cannot be used/
  return [
    [
      'bomb.png',
      await plain(10_000, 10_000).png().toBuffer(),
      /100 megapixels \(10000 × 10000\); 50 are allowed/,
    ],
    ['says-huge.png', pngThatSays(100_000, 100_000), huge],
    ['says-wide.png', pngThatSays(2_000_000_000, 1), broken],
    ['says-huge.gif', gifOfFrames(1, 65_535, 65_535, 65_535), huge],
    ['says-huge.webp', await webpOfFrames(2, 16_000, 16_000), huge],
    ['empty-data.png', pngThatSays(3_000, 3_000), broken],
    ['half.jpg', jpeg.subarray(0, jpeg.length / 2), broken],
    ['header-only.jpg', jpeg.subarray(0, 20), broken],
    ['half.webp', webp.subarray(0, webp.length / 2), broken],
    ['half.avif', avif.subarray(0, avif.length / 2), broken],
    ['entity.svg', svgOf(url), none],
    ['entity.png', svgOf(url), none],
    ['entity-behind-signature.png', Buffer.concat([pngSignature, svgOf(url)]), broken],
    ['archive.jpg', Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), none],
    ['page.jpg', Buffer.from(`<!doctype html><img src="${url}/page">`), none],
    ['document.jpg', Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'), none],
    ['script.jpg', Buffer.from(`%!PS\n(${url}) run\n`), none],
    ['picture.tiff', await plain(20, 20).tiff().toBuffer(), none],
    ['tiff.jpg', await plain(20, 20).tiff().toBuffer(), none],
    ['nothing.jpg', Buffer.alloc(0), none],
    ['zeros.png', Buffer.alloc(10_000), none],
  ]
}
