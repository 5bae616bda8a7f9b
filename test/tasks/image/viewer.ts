import { launchBrowser } from '../../browser.ts'

/** A picture as a browser shows it. */
export interface Seen {
  readonly width: number
  readonly height: number
  /** Red, green, blue and opacity of the points that were asked for. */
  readonly colours: readonly (readonly number[])[]
}

/** Where to look, as parts of the width and the height from the upper left corner. */
export type Point = readonly [x: number, y: number]

/** Looks at pictures with a decoder that shares nothing with ours: that of Chromium. */
export interface Viewer {
  /** @throws when the browser cannot show it */
  see(bytes: Uint8Array, type: string, points: readonly Point[]): Promise<Seen>
  close(): Promise<void>
}

/** Runs in the page. An image element does what every page does, turning by EXIF included. */
const SEE = `async ({ url, points }) => {
  const image = new Image()
  image.src = url
  await image.decode()
  const { naturalWidth: width, naturalHeight: height } = image
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  pen.drawImage(image, 0, 0)
  const { data } = pen.getImageData(0, 0, width, height)
  const colours = points.map(([x, y]) => {
    const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width))
    return [...data.subarray(at, at + 4)]
  })
  return { width, height, colours }
}`

export const openViewer = async (): Promise<Viewer> => {
  const browser = await launchBrowser()
  const page = await browser.newPage()
  return {
    see: async (bytes, type, points) => {
      const url = `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
      return (await page.evaluate(`(${SEE})(${JSON.stringify({ url, points })})`)) as Seen
    },
    close: () => browser.close(),
  }
}
