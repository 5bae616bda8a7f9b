import { Command } from './copy.tsx'
import { Empty } from './notice.tsx'

/** How a first job is added, by every door there is. */
export const FirstJob = () => {
  const { origin } = window.location
  return (
    <Empty title="No jobs yet">
      <p>
        Add the first one <a href="/dashboard/add">with the form</a>, or from where you work. It appears here
        by itself.
      </p>
      <h3>On the command line</h3>
      <Command text={`posthaste submit --payload '{"hello":"world"}'`} />
      <h3>Over HTTP</h3>
      <Command
        text={`curl -X POST ${origin}/v1/jobs -H 'content-type: application/json' -d '{"task":"echo","payload":{"hello":"world"}}'`}
      />
      <h3>In a program</h3>
      <Command text={`await ph.add('echo', { hello: 'world' })`} />
    </Empty>
  )
}
