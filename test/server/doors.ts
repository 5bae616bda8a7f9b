/**
 * Every route of the server with a request that it answers. The security tests walk through this table, and fail when
 * the server has a route that is not in it.
 */
export interface Door {
  /** The path of the request; `:id` becomes the id of a job. */
  readonly path: string
  /**
   * What a body must be: JSON by its Content-Type; JSON of any type, as the older systems took it, unless the request
   * comes from a page; a form; or nothing that is looked at.
   */
  readonly body?: 'json' | 'old' | 'form'
  /** Answers without a token. */
  readonly open?: true
  /** Holds no data: a browser may keep it. */
  readonly cached?: true
}

/** The hash of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

export const DOORS: Readonly<Record<string, Door>> = {
  'GET /': { path: '/' },
  'GET /healthz': { path: '/healthz', open: true },
  'GET /readyz': { path: '/readyz', open: true },
  'GET /metrics': { path: '/metrics' },

  'POST /v1/jobs/batch': { path: '/v1/jobs/batch', body: 'json' },
  'POST /v1/jobs/bulk': { path: '/v1/jobs/bulk', body: 'json' },
  'POST /v1/jobs': { path: '/v1/jobs', body: 'json' },
  'GET /v1/jobs': { path: '/v1/jobs' },
  'GET /v1/jobs/:id': { path: `/v1/jobs/${ID}` },
  'DELETE /v1/jobs/:id': { path: `/v1/jobs/${ID}`, body: 'json' },
  'POST /v1/jobs/:id/retry': { path: `/v1/jobs/${ID}/retry`, body: 'json' },
  'POST /v1/jobs/:id/cancel': { path: `/v1/jobs/${ID}/cancel`, body: 'json' },
  'POST /v1/jobs/:id/run-now': { path: `/v1/jobs/${ID}/run-now`, body: 'json' },
  'POST /v1/jobs/:id/priority': { path: `/v1/jobs/${ID}/priority`, body: 'json' },
  'POST /v1/jobs/:id/resolve': { path: `/v1/jobs/${ID}/resolve`, body: 'json' },
  'GET /v1/jobs/:id/explain': { path: `/v1/jobs/${ID}/explain` },
  'GET /v1/jobs/:id/logs': { path: `/v1/jobs/${ID}/logs` },
  'GET /v1/stats': { path: '/v1/stats' },
  'GET /v1/queues': { path: '/v1/queues' },
  'POST /v1/queues/:name/pause': { path: '/v1/queues/mail/pause', body: 'json' },
  'POST /v1/queues/:name/resume': { path: '/v1/queues/mail/resume', body: 'json' },
  'GET /v1/queues/:name/explain': { path: '/v1/queues/mail/explain' },
  'GET /v1/limits': { path: '/v1/limits' },
  'PUT /v1/limits': { path: '/v1/limits', body: 'json' },
  'DELETE /v1/limits': { path: '/v1/limits', body: 'json' },
  'POST /v1/limits/pause': { path: '/v1/limits/pause', body: 'json' },
  'POST /v1/limits/resume': { path: '/v1/limits/resume', body: 'json' },
  'POST /v1/limits/reset': { path: '/v1/limits/reset', body: 'json' },
  'GET /v1/schedules': { path: '/v1/schedules' },
  'POST /v1/schedules': { path: '/v1/schedules', body: 'json' },
  'GET /v1/schedules/:name': { path: '/v1/schedules/nightly' },
  'PUT /v1/schedules/:name': { path: '/v1/schedules/nightly', body: 'json' },
  'PATCH /v1/schedules/:name': { path: '/v1/schedules/nightly', body: 'json' },
  'DELETE /v1/schedules/:name': { path: '/v1/schedules/nightly', body: 'json' },
  'POST /v1/schedules/:name/pause': { path: '/v1/schedules/nightly/pause', body: 'json' },
  'POST /v1/schedules/:name/resume': { path: '/v1/schedules/nightly/resume', body: 'json' },
  'POST /v1/schedules/:name/run': { path: '/v1/schedules/nightly/run', body: 'json' },
  'POST /v1/schedules/:name/reset': { path: '/v1/schedules/nightly/reset', body: 'json' },
  'POST /v1/flows': { path: '/v1/flows', body: 'json' },
  'POST /v1/batches': { path: '/v1/batches', body: 'json' },
  'GET /v1/batches': { path: '/v1/batches' },
  'GET /v1/batches/:id': { path: `/v1/batches/${ID}` },
  'POST /v1/batches/:id/close': { path: `/v1/batches/${ID}/close`, body: 'json' },
  'GET /v1/bulk': { path: '/v1/bulk' },
  'GET /v1/bulk/:id': { path: `/v1/bulk/${ID}` },
  'POST /v1/bulk/:id/stop': { path: `/v1/bulk/${ID}/stop`, body: 'json' },
  'POST /v1/bulk/:id/undo': { path: `/v1/bulk/${ID}/undo`, body: 'json' },
  'GET /v1/dead-letters': { path: '/v1/dead-letters' },
  'GET /v1/audit': { path: '/v1/audit' },
  'GET /v1/workers': { path: '/v1/workers' },
  'GET /v1/tasks': { path: '/v1/tasks' },
  'GET /v1/blobs': { path: '/v1/blobs' },
  'POST /v1/blobs': { path: '/v1/blobs' },
  'PUT /v1/blobs': { path: '/v1/blobs' },
  'GET /v1/blobs/:hash': { path: `/v1/blobs/${EMPTY}` },
  'PUT /v1/blobs/:hash': { path: `/v1/blobs/${EMPTY}` },
  'DELETE /v1/blobs/:hash': { path: `/v1/blobs/${EMPTY}` },
  'GET /v1/events': { path: '/v1/events' },

  'POST /task': { path: '/task', body: 'old' },
  'POST /task/': { path: '/task/', body: 'old' },
  'GET /task/:id': { path: '/task/1' },
  'POST /submit': { path: '/submit', body: 'old' },
  'POST /api/process_query': { path: '/api/process_query', body: 'old' },
  'GET /api/job/status/:id': { path: '/api/job/status/1' },

  'POST /dashboard/login': { path: '/dashboard/login', body: 'form', open: true },
  'POST /dashboard/logout': { path: '/dashboard/logout', open: true },
  'GET /dashboard': { path: '/dashboard', open: true, cached: true },
  'GET /dashboard/*': { path: '/dashboard/jobs', open: true, cached: true },

  'GET /mailbox': { path: '/mailbox' },
  'GET /mailbox.json': { path: '/mailbox.json' },
  'GET /mailbox/:id': { path: '/mailbox/unknown' },
  'GET /mailbox/:id/html': { path: '/mailbox/unknown/html' },
  'GET /mailbox/:id/source': { path: '/mailbox/unknown/source' },
  'GET /mailbox/:id/attachments/:index': { path: '/mailbox/unknown/attachments/0' },
}
