-- A new (queue, task). Parameters: queue, task. Result: kind.
insert into kinds (queue, task) values (?, ?) returning kind
