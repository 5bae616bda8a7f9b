/** Every bound of the image pack, with its reason. Sizes are bytes, times are milliseconds. */

/** An image that comes in, compressed. Larger ones are refused before they are decoded. */
export const SOURCE_BYTES_MAX = 20 * 1024 * 1024
/** Width times height of what is decoded: 50 megapixels are 200 MB of memory. A bomb is refused by its header. */
export const PIXELS_MAX = 50_000_000
/** Width or height of what comes out. */
export const SIDE_MAX = 8_192
/** Frames that are read of an animation when it is to stay one. */
export const FRAMES_MAX = 100
export const OPERATIONS_MAX = 20
/** Sizes made of one source in one job. */
export const OUTPUTS_MAX = 20
/** One attempt, with all of its outputs. The child that overruns it is killed. */
export const RUN_TIMEOUT_MS = 60_000
/** Memory of the child process that decodes. */
export const MEMORY_BYTES_MAX = 512 * 1024 * 1024
/** An image that is given in the payload itself: a payload is stored with its job. */
export const INLINE_BYTES_MAX = 64 * 1024
/** What a name of an output may be long. */
export const NAME_LENGTH_MAX = 64
export const PATH_LENGTH_MAX = 1_024
export const URL_LENGTH_MAX = 2_048
/** Strength of a blur (sigma, in pixels), as libvips bounds it usefully. */
export const BLUR_MAX = 100
