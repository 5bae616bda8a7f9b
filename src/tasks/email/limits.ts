/** Every bound and every wait of the email pack, with its reason. Sizes are bytes, times are milliseconds. */

/** One address, as RFC 5321 bounds a forward path of 256 with its angle brackets. */
export const ADDRESS_BYTES_MAX = 254
export const LOCAL_PART_BYTES_MAX = 64
export const DOMAIN_LABEL_LENGTH_MAX = 63
export const DISPLAY_NAME_LENGTH_MAX = 255

/** To, Cc and Bcc together, after duplicates are removed. The large providers accept no more in one message. */
export const RECIPIENTS_MAX = 50
export const REPLY_TO_MAX = 10
export const SUBJECT_LENGTH_MAX = 255

export const HEADERS_MAX = 50
export const HEADER_NAME_LENGTH_MAX = 76
export const HEADER_VALUE_LENGTH_MAX = 998
export const REFERENCES_MAX = 50

export const ATTACHMENTS_MAX = 20
/** A payload is stored with its job: what is larger than this does not belong into it. */
export const ATTACHMENT_BYTES_MAX = 64 * 1024
export const FILENAME_LENGTH_MAX = 255
/** The whole message, counted after base64: what a relay counts. */
export const MESSAGE_BYTES_MAX = 25 * 1024 * 1024
/** A payload given as JSON text is not parsed when it is longer than this. */
export const PAYLOAD_TEXT_LENGTH_MAX = 2 * MESSAGE_BYTES_MAX

/** A mail that could not be handed over by then is not sent any more; `expiresAt` of the payload replaces it. */
export const EXPIRES_AFTER_MS = 72 * 3_600_000

/** DNS, connecting, greeting and TLS together. */
export const CONNECT_TIMEOUT_MS = 30_000
export const GREETING_TIMEOUT_MS = 30_000
/** Silence of the server after a command. */
export const COMMAND_TIMEOUT_MS = 30_000
/**
 * Silence of the server after the final dot. It may have accepted the message without us knowing, so giving up
 * early makes duplicates: RFC 5321 asks for ten minutes, and this must never be less.
 */
export const FINAL_REPLY_TIMEOUT_MS = 10 * 60_000
/** One run of the task: all phases above for a message, and time to spare. */
export const RUN_TIMEOUT_MS = 15 * 60_000
/** The check at start and by the doctor: connect, EHLO, log in. */
export const VERIFY_TIMEOUT_MS = 20_000

/** Connections that one process keeps to the mail server. */
export const CONNECTIONS_MAX = 5
/** Messages over one connection; many relays close it at about this number by themselves. */
export const MESSAGES_PER_CONNECTION_MAX = 100
/** An unused connection is closed after this: long before servers lose patience. */
export const IDLE_CONNECTION_MS = 5_000
/** Time that a polite QUIT may take at shutdown. */
export const QUIT_TIMEOUT_MS = 1_000

/** Waits while the mail server cannot be used: doubled from the first to the second, for all jobs of the process. */
export const OUTAGE_DELAY_MIN_MS = 10_000
export const OUTAGE_DELAY_MAX_MS = 5 * 60_000
/** A wrong password does not mend itself in seconds, and too many tries lock accounts. */
export const BROKEN_DELAY_MS = 60_000
/** A server that asks to slow down and names no time. */
export const THROTTLE_DELAY_MS = 60_000
export const THROTTLE_DELAY_MAX_MS = 3_600_000
/** Waits are spread by up to this fraction, so that jobs that were put back together do not return together. */
export const DELAY_JITTER = 0.1
/** Reply texts are kept up to this length. */
export const REPLY_LENGTH_MAX = 300

/** The capture mailbox keeps the newest messages within both bounds. */
export const CAPTURE_MESSAGES_MAX = 500
export const CAPTURE_TOTAL_BYTES_MAX = 256 * 1024 * 1024
export const CAPTURE_CLIENTS_MAX = 100
export const CAPTURE_SOCKET_TIMEOUT_MS = 60_000
/** A file that a killed process left half-written is removed when it is older than this. */
export const CAPTURE_DEBRIS_AGE_MS = 3_600_000

export const MAILBOX_PAGE_SIZE = 100
/** Text and source shown on a page; the whole is always one download away. */
export const MAILBOX_SHOWN_BYTES_MAX = 512 * 1024
