-- The number of the next news. Result: told.
update store set told = told + 1 returning told
