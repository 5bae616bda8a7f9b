// A module whose tasks are made with settings, as those of a pack are.

/** @param {{ greeting: string }} settings */
export default ({ greeting }) => ({
  name: 'greetings',
  tasks: [{ name: 'greet', run: (/** @type {{ name: string }} */ { name }) => `${greeting}, ${name}!` }],
})
