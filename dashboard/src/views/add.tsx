import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { addJob, getJob } from '../api/calls.ts'
import { asProblem, type Problem } from '../api/client.ts'
import { Button } from '../components/button.tsx'
import { Choice, PayloadField, TextField } from '../components/fields.tsx'
import { ProblemNotice } from '../components/notice.tsx'
import { TaskPayload } from '../components/task-payload.tsx'
import { useTitle } from '../components/use.ts'
import { checkJson, prettyJson } from '../lib/json.ts'
import { type AddForm, bodyOf, EMPTY_FORM, formLike } from '../state/add-form.ts'
import { JOBS_PATH } from '../state/jobs.ts'
import { navigate, place } from '../state/router.ts'
import { stats } from '../state/stats.ts'
import { loadTasks, tasks } from '../state/tasks.ts'
import { tellDone, tellProblem } from '../state/toasts.ts'

/** A form that adds a job, also one like another. */
export const Add = () => {
  useTitle('Add a job')
  const form = useMemo(() => signal<AddForm>(EMPTY_FORM), [])
  const problem = useMemo(() => signal<Problem | null>(null), [])
  const isSending = useMemo(() => signal(false), [])
  const replaced = useMemo(() => signal<string | null>(null), [])
  const like = place.value.query.get('like')
  const wanted = place.value.query.get('task')
  useEffect(() => {
    void loadTasks()
  }, [])
  useEffect(() => {
    if (wanted !== null) set('task')(wanted)
  }, [wanted])
  useEffect(() => {
    if (like === null) return
    getJob(like).then(
      (job) => {
        form.value = formLike(job)
      },
      (error: unknown) => tellProblem(asProblem(error)),
    )
  }, [like])

  const set = (field: keyof AddForm) => (text: string) => {
    form.value = { ...form.value, [field]: text }
  }
  const wrong = (field: string): string | null => {
    const at = problem.value?.field?.replace(/^body\./, '') ?? ''
    const isHere = at === field || at.startsWith(`${field}.`) || at.startsWith(`${field}[`)
    return isHere && problem.value !== null ? `${problem.value.message} ${problem.value.remedy}` : null
  }
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const payload = checkJson(form.value.payload)
    if (isSending.value || !payload.ok) return
    isSending.value = true
    problem.value = null
    try {
      const job = await addJob(bodyOf(form.value, payload.value))
      tellDone(`Added: ${job.task}`)
      navigate(`${JOBS_PATH}/${job.id}`)
    } catch (error) {
      problem.value = asProblem(error)
    }
    isSending.value = false
  }

  const { task, payload, queue, priority, delay, key, maxRetries, tags } = form.value
  const known = tasks.value?.find(({ name }) => name === task.trim())
  const atField = FIELDS.some((field) => wrong(field) !== null)
  return (
    <form class={known === undefined ? 'add' : 'add with-payload'} onSubmit={submit} noValidate>
      <div>
        <h1>Add a job</h1>
        {!atField && <ProblemNotice problem={problem.value} />}
      </div>
      <div class="panel">
        <TextField
          label="Task"
          value={task}
          onInput={set('task')}
          suggestions={taskNames()}
          wrong={wrong('task')}
          hint="What runs. Names that no worker here knows are accepted, and wait for one."
          required
        />
        <PayloadField
          value={payload}
          onInput={set('payload')}
          onFormat={() => {
            const read = checkJson(form.value.payload)
            if (read.ok) set('payload')(prettyJson(read.value, { secrets: true }))
          }}
          wrong={wrong('payload')}
        />
      </div>
      {known !== undefined && (
        <TaskPayload
          task={known}
          onExample={(json) => {
            const before = form.value.payload
            replaced.value = before === json || before === EMPTY_FORM.payload ? null : before
            set('payload')(json)
          }}
          onUndo={
            replaced.value === null
              ? null
              : () => {
                  set('payload')(replaced.value ?? '')
                  replaced.value = null
                }
          }
        />
      )}
      <div class="panel">
        <div class="field-grid">
          <TextField
            label="Queue"
            value={queue}
            onInput={set('queue')}
            suggestions={stats.value?.queues.map((row) => row.queue) ?? []}
            wrong={wrong('queue')}
            placeholder={known?.queue ?? "the task's own"}
          />
          <Choice
            label="Priority"
            value={priority}
            onInput={set('priority')}
            options={['', 'critical', 'high', 'normal', 'low']}
            none="the task's own"
          />
          <TextField
            label="Delay"
            value={delay}
            onInput={set('delay')}
            wrong={wrong('delay')}
            placeholder="none; or 30s, 5m, 2h, 1d"
          />
          <TextField
            label="Retries"
            value={maxRetries}
            onInput={set('maxRetries')}
            wrong={wrong('maxRetries')}
            placeholder="the task's own"
            numeric
          />
          <TextField
            label="Key"
            value={key}
            onInput={set('key')}
            wrong={wrong('key')}
            hint="At most one unfinished job has it; adding another answers that one."
          />
          <TextField
            label="Tags"
            value={tags}
            onInput={set('tags')}
            wrong={wrong('tags')}
            hint="Separated by commas."
          />
        </div>
      </div>
      <div class="form-foot">
        <Button
          label={isSending.value ? 'Adding …' : 'Add job'}
          kind="primary"
          type="submit"
          disabled={isSending.value || task.trim() === '' || !checkJson(payload).ok}
        />
        <a class="button" href={JOBS_PATH}>
          Back to the jobs
        </a>
      </div>
    </form>
  )
}

const FIELDS = ['task', 'payload', 'queue', 'delay', 'maxRetries', 'key', 'tags']

/** Those that this server and live workers know, and those that have jobs. */
const taskNames = (): string[] => {
  const known = stats.value?.workers.flatMap(({ tasks }) => tasks ?? []) ?? []
  const own = tasks.value?.map(({ name }) => name) ?? []
  return [...new Set([...own, ...known, ...(stats.value?.tasks.map(({ task }) => task) ?? [])])].sort()
}
