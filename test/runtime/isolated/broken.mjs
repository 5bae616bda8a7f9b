// A module that cannot be imported.
throw new Error('The library is not installed.')
